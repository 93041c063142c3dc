from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import codec
from checks.evidence import Absent, FunctionSeen, digest_of
from checks.model import CannotLook, Check, Unresolved
from checks.promises import functions
from checks.promises.functions import Ended
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

GOOD = FunctionSeen(
    name="api-1",
    arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:api-1",
    runtime="python3.13",
    architecture="arm64",
    handler="shop.handler",
    memory=512,
    timeout=28,
    state="Active",
    last_update="Successful",
    code_sha256="",
    reserved_concurrency=None,
    environment=(("STAGE", digest_of("prod")), ("USERS_TABLE", digest_of("Users-1"))),
    role="",
)
GONE = Absent(what="function api-1")
PROPERTIES: dict[str, object] = {
    "Runtime": "python3.13",
    "Handler": "shop.handler",
    "MemorySize": 512,
    "Timeout": 28,
    "Architectures": ["arm64"],
    "Environment": {"Variables": {"USERS_TABLE": "Users-1", "STAGE": "prod"}},
}
ENDED = (Ended(runtime="python3.13", on="2029-06-30"), Ended(runtime="nodejs18.x", on="2025-09-01"))


def _checks(ended: tuple[Ended, ...] = ENDED, /, **changes: object) -> dict[str, Check]:
    properties = {key: value for key, value in {**PROPERTIES, **changes}.items() if value is not None}
    found = resource("AWS::Lambda::Function", properties, subject="Api", physical_id="api-1")
    return planned(functions.checks(target(found), ended=ended))


def _environment(variables: object) -> Check:
    return _checks(Environment={"Variables": variables})["functions.environment[Api]"]


def test_ready_first_then_what_it_runs_with() -> None:
    """The order in which a person would ask."""
    assert ["functions.ready[Api]", "functions.environment[Api]", "functions.settings[Api]"] == list(_checks())


def test_everything_passes_where_everything_is_right() -> None:
    """Planned from the template, looked at through the world, judged."""
    seen = world({("function", REGION, "api-1"): GOOD})

    verdicts = {name: check.sight.judge(check.sight.look(seen), NOW).status for name, check in _checks().items()}

    assert dict.fromkeys(verdicts, "pass") == verdicts


def test_a_missing_function_fails_every_promise() -> None:
    """With a remedy."""
    for name, check in _checks().items():
        verdict = check.sight.judge(GONE, NOW)
        assert ("fail", True) == (verdict.status, bool(verdict.remedy)), name


def test_what_cannot_be_looked_at_is_not_judged() -> None:
    """No look of this room swallows CannotLook."""
    for check in _checks().values():
        with pytest.raises(CannotLook):
            check.sight.look(world({}))


def test_params_survive_being_stored() -> None:
    """A frozen plan is read back into the same parameters."""
    for check in _checks().values():
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))


@pytest.mark.parametrize(
    ("state", "update", "expected"),
    (
        ("Active", "Successful", "pass"),
        ("Active", "InProgress", "not_yet"),
        ("Pending", "InProgress", "not_yet"),
        ("Pending", "Successful", "not_yet"),
        ("Active", "Failed", "fail"),
        ("Pending", "Failed", "fail"),
        ("Failed", "Successful", "fail"),
        ("Failed", "InProgress", "fail"),
        ("Inactive", "Successful", "fail"),
        ("ActiveNonInvocable", "Successful", "fail"),
        ("Deleting", "Successful", "fail"),
        ("Active", "", "fail"),
        ("", "Successful", "fail"),
    ),
)
def test_each_state_has_its_verdict(state: str, update: str, expected: str) -> None:
    """What is on its way is not yet; what fails its next call fails."""
    seen = replace(GOOD, state=state, last_update=update)

    assert expected == functions.judge_ready(seen, NOW, region=REGION, function="api-1").status


@pytest.mark.parametrize(("reserved", "expected"), ((None, "pass"), (1, "pass"), (0, "fail")))
def test_a_function_throttled_to_nothing_is_not_ready(reserved: int | None, expected: str) -> None:
    """Reserved concurrency 0 is how a function is switched off."""
    seen = replace(GOOD, reserved_concurrency=reserved)

    verdict = functions.judge_ready(seen, NOW, region=REGION, function="api-1")

    assert expected == verdict.status
    assert reserved != 0 or "delete-function-concurrency" in verdict.remedy


@pytest.mark.parametrize(
    ("environment", "expected", "words"),
    (
        pytest.param(GOOD.environment, "pass", "2 variables", id="the same"),
        pytest.param(GOOD.environment[:1], "fail", "missing: USERS_TABLE", id="one lost"),
        pytest.param((), "fail", "missing: STAGE, USERS_TABLE", id="all lost"),
        pytest.param((*GOOD.environment, ("DEBUG", "0" * 16)), "fail", "not in the template: DEBUG", id="one more"),
        pytest.param(
            (GOOD.environment[0], ("USERS_TABLE", digest_of("Users-dev"))),
            "fail",
            "another value: USERS_TABLE",
            id="another stage's table",
        ),
        pytest.param((GOOD.environment[0], ("USERS_TABLE", "")), "fail", "another value: USERS_TABLE", id="no value"),
    ),
)
def test_the_environment_is_that_of_the_template(
    environment: tuple[tuple[str, str], ...], expected: str, words: str
) -> None:
    """The same names with the same values; the verdict says which differ and how."""
    verdict = _checks()["functions.environment[Api]"].sight.judge(replace(GOOD, environment=environment), NOW)

    assert expected == verdict.status
    assert words in verdict.actual


def test_no_value_of_a_variable_leaves_the_room() -> None:
    """Neither the plan nor a verdict holds one."""
    check = _environment({"KEY": "hunter2hunter2", "OTHER": "x"})

    verdict = check.sight.judge(replace(GOOD, environment=(("KEY", digest_of("changed")),)), NOW)

    assert "hunter2" not in repr((check.params, verdict))


def test_an_open_value_is_compared_by_its_name() -> None:
    """And said."""
    check = _environment({"STAGE": "prod", "USERS_TABLE": Unresolved("secret")})

    elsewhere = check.sight.judge(replace(GOOD, environment=(*GOOD.environment[:1], ("USERS_TABLE", "?"))), NOW)
    missing = check.sight.judge(replace(GOOD, environment=GOOD.environment[:1]), NOW)

    assert ("pass", "fail") == (elsewhere.status, missing.status)
    assert "not compared: USERS_TABLE, secret" in elsewhere.expected


@pytest.mark.parametrize(("value", "text"), ((1, "1"), (True, "true"), (0.5, "0.5"), ("é", "é")), ids=repr)
def test_values_are_compared_as_the_text_that_lambda_gets(value: object, text: str) -> None:
    """CloudFormation turns numbers and booleans into text."""
    seen = replace(GOOD, environment=(("A", digest_of(text)),))

    assert "pass" == _environment({"A": value}).sight.judge(seen, NOW).status


def test_a_function_without_variables_has_none() -> None:
    """One that somebody added by hand is seen."""
    check = _checks(Environment=None)["functions.environment[Api]"]

    assert "pass" == check.sight.judge(replace(GOOD, environment=()), NOW).status
    assert "fail" == check.sight.judge(GOOD, NOW).status


def test_an_environment_that_is_open_as_a_whole_is_not_planned() -> None:
    """Nothing could be compared, so nothing is promised."""
    assert "functions.environment[Api]" not in _checks(Environment=Unresolved("Fn::Transform"))


@pytest.mark.parametrize(
    ("changes", "word"),
    (
        ({"runtime": "python3.12"}, "Runtime python3.12"),
        ({"handler": "shop.other"}, "Handler shop.other"),
        ({"handler": ""}, "Handler none"),
        ({"memory": 128}, "MemorySize 128"),
        ({"timeout": 3}, "Timeout 3"),
        ({"architecture": "x86_64"}, "Architectures x86_64"),
    ),
    ids=str,
)
def test_each_setting_is_that_of_the_template(changes: dict[str, object], word: str) -> None:
    """One difference is enough."""
    changed = replace(GOOD, **changes)  # type: ignore[arg-type]

    verdict = _checks()["functions.settings[Api]"].sight.judge(changed, NOW)

    assert ("fail", word) == (verdict.status, verdict.actual)


def test_what_a_template_does_not_say_has_the_default() -> None:
    """128 MB, 3 s and x86_64; a container image has neither runtime nor handler."""
    bare = dict.fromkeys(("Runtime", "Handler", "MemorySize", "Timeout", "Architectures"))
    check = _checks(**bare)["functions.settings[Api]"]
    image = replace(GOOD, runtime="", handler="", memory=128, timeout=3, architecture="x86_64")

    assert "pass" == check.sight.judge(image, NOW).status
    assert "fail" == check.sight.judge(replace(image, memory=256), NOW).status


@pytest.mark.parametrize("key", ("Runtime", "MemorySize", "Architectures"))
def test_an_open_setting_is_not_compared_and_said(key: str) -> None:
    """The rest is."""
    value = [Unresolved("why")] if key == "Architectures" else Unresolved("why")
    check = _checks(**{key: value})["functions.settings[Api]"]
    other = replace(GOOD, runtime="java21", memory=1, architecture="x86_64")
    same_but = {"Runtime": {"runtime"}, "MemorySize": {"memory"}, "Architectures": {"architecture"}}[key]
    seen = replace(GOOD, **{name: getattr(other, name) for name in same_but})

    verdict = check.sight.judge(seen, NOW)

    assert ("pass", True) == (verdict.status, "not compared: why" in verdict.expected)
    assert "fail" == check.sight.judge(replace(seen, timeout=1), NOW).status


@pytest.mark.parametrize(
    ("day", "expected"),
    (
        pytest.param(NOW.date() + timedelta(days=1), "pass", id="its last day is tomorrow"),
        pytest.param(NOW.date(), "fail", id="it ends today"),
        pytest.param(NOW.date() - timedelta(days=900), "fail", id="long ended"),
    ),
)
def test_a_runtime_ends_on_its_day(day: date, expected: str) -> None:
    """From that day AWS no longer patches it."""
    check = _checks((Ended(runtime="python3.13", on=day.isoformat()),))["functions.settings[Api]"]

    verdict = check.sight.judge(GOOD, NOW)

    assert expected == verdict.status
    assert day.isoformat() in verdict.actual


def test_only_the_dates_of_its_own_runtime_are_stored_with_a_check() -> None:
    """A thousand functions do not repeat the whole list; an open runtime is judged by what is live."""
    known = _checks()["functions.settings[Api]"]
    unknown = _checks(Runtime=Unresolved("Ref Runtime"))["functions.settings[Api]"]

    assert ENDED[:1] == known.params["ended"]
    assert "fail" == unknown.sight.judge(replace(GOOD, runtime="nodejs18.x"), NOW).status


AWARE = st.datetimes(timezones=st.just(UTC))


@given(st.builds(FunctionSeen) | st.builds(Absent), AWARE)
def test_no_function_makes_a_judge_raise(seen: FunctionSeen | Absent, now: datetime) -> None:
    """Whatever Lambda says, there is a verdict with a remedy unless it passes."""
    verdicts = (
        functions.judge_ready(seen, now, region=REGION, function="f"),
        functions.judge_environment(seen, now, function="f", variables=(("A", ""), ("B", "x")), gaps=()),
        functions.judge_settings(seen, now, function="f", wanted=(("Timeout", "3"),), ended=ENDED, gaps=()),
    )

    assert all(verdict.remedy or verdict.status == "pass" for verdict in verdicts)
