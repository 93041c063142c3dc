from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import codec
from checks.evidence import Absent, StackSeen, Stated
from checks.model import CannotLook, Check, Place, Stack, Target
from checks.promises import stack
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, target, world

GOOD = StackSeen(
    name="Main",
    arn="arn",
    status="UPDATE_COMPLETE",
    reason="",
    updated=NOW - timedelta(hours=2),
    outputs=(("Url", "https://shop.test"), ("Bucket", "pictures")),
    protected=True,
)
GONE = Absent(what="stack Main")
NOTHING = Stated(facts=())
EVERY_STATUS = (
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "DELETE_COMPLETE",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "REVIEW_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
)
PASS = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
NOT_YET = {
    "CREATE_IN_PROGRESS",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "REVIEW_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
}


def _checks() -> dict[str, Check]:
    return planned(stack.checks(target(declared_outputs=("Url", "Bucket"))))


def _about(check: Check) -> str:
    return check.sight.judge(check.sight.look(world({})), NOW).status


def test_each_stack_is_asked_for_its_status_and_its_outputs() -> None:
    """A stack without outputs is not asked for any; one that is absent is still asked about."""
    gone = Target(name="t", account=ACCOUNT, stacks=(Stack(name="Gone", region=REGION, absent=True),))
    asked = ("stack.status[Gone]", "stack.protected[Gone]")

    assert ["stack.status[Main]", "stack.outputs[Main]", "stack.protected[Main]"] == list(_checks())
    assert ["stack.status[Main]", "stack.protected[Main]"] == list(planned(stack.checks(target())))
    assert [(each, ()) for each in asked] == [(each.name, each.place.resources) for each in stack.checks(gone)]


def test_a_stack_that_is_there_to_be_thrown_away_need_not_be_protected() -> None:
    """By its settings; the stack beside it is asked all the same."""
    stacks = (Stack(name="Trial", region=REGION, disposable=True), Stack(name="Main", region=REGION))
    both = Target(name="t", account=ACCOUNT, stacks=stacks)

    assert ["stack.status[Trial]", "stack.status[Main]", "stack.protected[Main]"] == list(planned(stack.checks(both)))


@pytest.mark.parametrize(("on", "status"), ((True, "pass"), (False, "fail")))
def test_a_stack_that_one_call_deletes_is_told(on: bool, status: str) -> None:  # noqa: FBT001 - a table of values
    """A warning, with the command that protects it and the word for those that nobody protects."""
    check = _checks()["stack.protected[Main]"]
    seen = check.sight.look(world({("stack", REGION, "Main"): replace(GOOD, protected=on)}))
    verdict = check.sight.judge(seen, NOW)

    assert ("warning", status) == (check.promise.severity, verdict.status)
    assert on or ("--enable-termination-protection" in verdict.remedy and "disposable = true" in verdict.remedy)


def test_everything_passes_where_everything_is_right() -> None:
    """Looked at through the world and judged; what cannot be looked at is not."""
    for check in _checks().values():
        seen = check.sight.look(world({("stack", REGION, "Main"): GOOD}))
        assert "pass" == check.sight.judge(seen, NOW).status
        with pytest.raises(CannotLook):
            check.sight.look(world({}))


@pytest.mark.parametrize("status", (*EVERY_STATUS, "", "SOMETHING_NEW"), ids=lambda status: status or "none")
def test_each_status_of_a_stack_has_its_verdict(status: str) -> None:
    """COMPLETE is not enough; going back is a failure before it has ended."""
    verdict = stack.judge_status(replace(GOOD, status=status), NOW, region=REGION, stack="Main")

    expected = "pass" if status in PASS else "not_yet" if status in NOT_YET else "fail"
    assert (expected, expected != "pass") == (verdict.status, bool(verdict.remedy))


def test_the_reason_of_a_failure_is_told() -> None:
    """As CloudFormation gave it, harmless to a terminal."""
    seen = replace(GOOD, status="UPDATE_ROLLBACK_COMPLETE", reason=f"no such zone {HOSTILE}")

    actual = stack.judge_status(seen, NOW, region=REGION, stack="Main").actual

    assert actual.startswith("UPDATE_ROLLBACK_COMPLETE: no such zone")
    assert actual.isprintable()


def test_a_missing_stack_fails() -> None:
    """In status and in outputs."""
    for check in _checks().values():
        verdict = check.sight.judge(GONE, NOW)
        assert ("fail", True) == (verdict.status, bool(verdict.remedy))


@pytest.mark.parametrize(
    ("value", "expected"),
    (
        ("pictures", "pass"),
        ("0", "pass"),
        ("nullable", "pass"),
        ("", "fail"),
        ("  ", "fail"),
        ("null", "fail"),
        ("None", "fail"),
        ("undefined", "fail"),
        ("NULL ", "fail"),
    ),
    ids=repr,
)
def test_an_output_says_something(value: str, expected: str) -> None:
    """What scripts write when there was nothing to write is no value."""
    seen = replace(GOOD, outputs=(("Url", "u"), ("Bucket", value)))

    verdict = stack.judge_outputs(seen, NOW, stack="Main", declared=("Url", "Bucket"))

    assert expected == verdict.status
    assert expected == "pass" or "Bucket is" in verdict.actual


def test_every_declared_output_is_there() -> None:
    """One too many does no harm."""
    seen = replace(GOOD, outputs=(("Url", "u"), ("Extra", "")))

    assert "fail" == stack.judge_outputs(seen, NOW, stack="Main", declared=("Url", "Bucket")).status
    assert "pass" == stack.judge_outputs(seen, NOW, stack="Main", declared=("Url",)).status


@pytest.mark.parametrize(("found", "expected"), ((9, "pass"), (10, "pass"), (8, "fail"), (0, "fail")))
@pytest.mark.parametrize("kind", ("AWS::DynamoDB::Table", "family:tls", "domain:shop.test"))
def test_there_is_at_least_as_much_as_expected(kind: str, found: int, expected: str) -> None:
    """Of a resource type, of a family of checks, or the domain itself."""
    check = stack.floor(Place(subject=kind), kind=kind, least=9, found=found)

    assert f"stack.floor[{kind}]" == check.name
    assert expected == _about(check)
    said = check.sight.judge(NOTHING, NOW).expected
    assert {"AWS": f"the type {kind}", "fam": "the family tls", "dom": "the domain shop.test"}[kind[:3]] in said


@pytest.mark.parametrize("owner", ("", "ada"))
def test_a_check_that_was_lost_always_fails(owner: str) -> None:
    """And the remedy is the command that accepts the loss."""
    name = "tables.pitr[Data/Users]"
    check = stack.plan(
        Place(subject=name), target="prod", check=name, change="no longer planned", owner=owner, reason="release 4"
    )

    verdict = check.sight.judge(check.sight.look(world({})), NOW)

    assert f"stack.plan[{name}]" == check.name
    assert ("fail", "no longer planned") == (verdict.status, verdict.actual)
    assert "python -m checks plan --target prod --accept --owner … --reason …" in verdict.remedy
    assert bool(owner) == ("ada accepted (release 4)" in verdict.expected)


@pytest.mark.parametrize(
    ("accepted", "live", "expected"),
    (
        pytest.param("a" * 64, "a" * 64, "pass", id="the accepted one"),
        pytest.param("a" * 64, "b" * 64, "fail", id="another"),
        pytest.param("", "b" * 64, "fail", id="none was accepted"),
        pytest.param("", "", "fail", id="no digest at all"),
    ),
)
def test_the_live_plan_is_the_accepted_one(accepted: str, live: str, expected: str) -> None:
    """What came and what changed is listed; it is a warning."""
    check = stack.plan_digest(
        Place(subject="prod"), target="prod", accepted=accepted, live=live, added=("tls.new[x]",), changed=("dns.a[y]",)
    )

    verdict = check.sight.judge(check.sight.look(world({})), NOW)

    assert (expected, "warning") == (verdict.status, check.severity)
    assert (f"plan {accepted[:12]}" if accepted else "a plan that somebody accepted") == verdict.expected
    assert (expected == "fail" and bool(accepted)) == ("added: tls.new[x]; changed: dns.a[y]" in verdict.actual)


@pytest.mark.parametrize(
    ("facts", "status", "actual"),
    (
        pytest.param({"recovered": "0", "names": ""}, "pass", "0 recovered", id="none"),
        pytest.param({"recovered": "2", "names": "a, b"}, "pass", "2 recovered: a, b", id="as many as allowed"),
        pytest.param({"recovered": "3", "names": "a, b, c"}, "fail", "3 recovered: a, b, c", id="one more"),
        pytest.param(
            {"recovered": "1", "names": "a", "often": "a"},
            "fail",
            "1 recovered: a; again and again: a",
            id="one, but again and again",
        ),
    ),
)
def test_few_checks_needed_a_second_look(facts: dict[str, str], status: str, actual: str) -> None:
    """Not more than the share of all, and none of them every other time; which ones is told."""
    seen = Stated(facts=tuple(sorted({"looked": "100", **facts}.items())))

    verdict = stack.judge_recovered(seen, NOW, allowed=0.02)

    assert (status, actual) == (verdict.status, verdict.actual)


@pytest.mark.parametrize(
    ("expires", "matches", "expected", "word"),
    (
        pytest.param("2026-03-01", 1, "pass", "1 planned", id="its last day"),
        pytest.param("2026-12-31", 3, "pass", "2026-12-31", id="long"),
        pytest.param("2026-02-28", 1, "fail", "ended on 2026-02-28", id="ended yesterday"),
        pytest.param("2026-03-01T00:00:00Z", 1, "pass", "2026-03-01", id="as the first moment of its day"),
        pytest.param("2026-03-01T23:59:59+00:00", 1, "pass", "2026-03-01", id="as the last one"),
        pytest.param("2026-03-01T01:00:00+02:00", 1, "fail", "2026-02-28", id="still yesterday in UTC"),
        pytest.param("2026-12-31", 0, "fail", "matches no planned check", id="waives nothing"),
        pytest.param("2026-02-28", 0, "fail", "ended", id="ended, and waives nothing"),
        pytest.param("soon", 1, "fail", "soon", id="no day"),
        pytest.param("", 1, "fail", "expiry", id="no expiry"),
        pytest.param("0001-01-01T00:00:00+01:00", 1, "fail", "expiry", id="before all days"),
    ),
)
def test_a_waiver_ends_and_waives_something(expires: str, matches: int, expected: str, word: str) -> None:
    """Its last day counts to its end in UTC."""
    check = stack.waiver(
        Place(subject="tls.*"), check="tls.*", owner="ada", reason="moving", expires=expires, matches=matches
    )

    verdict = check.sight.judge(check.sight.look(world({})), NOW)

    assert expected == verdict.status
    assert word in verdict.actual
    assert "ada" in verdict.expected


def test_a_waiver_ends_by_the_day_in_utc_whatever_the_clock_shows() -> None:
    """One o'clock in Johannesburg is still yesterday."""
    after_midnight = datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    given = {"check": "x", "owner": "ada", "reason": "moving", "matches": 1}

    status = stack.judge_waiver(NOTHING, after_midnight, expires="2026-02-28", **given).status  # type: ignore[arg-type]

    assert "pass" == status


def test_what_was_known_when_planning_is_kept_as_evidence() -> None:
    """The document shows what was judged, and the parameters survive being stored."""
    floor = stack.floor(Place(subject="x"), kind="x", least=2, found=1)
    waiver = stack.waiver(Place(subject="y"), check="y", owner="a", reason="b", expires="2026-03-01", matches=2)
    digest = stack.plan_digest(Place(subject="z"), target="z", accepted="a", live="b", added=("c",), changed=())

    assert Stated(facts=(("found", "1"), ("kind", "x"))) == floor.sight.look(world({}))
    for check in (floor, waiver, digest, *_checks().values()):
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))


def test_the_promises_of_the_room_are_listed_in_order() -> None:
    """Stacks first, then the plan, then waivers; those about the plan ask nothing of the outside."""
    names = [each.name for each in stack.PROMISES]

    assert ["status", "outputs", "protected", "floor", "plan", "plan_digest", "waiver", "recovered"] == [
        n.partition(".")[2] for n in names
    ]
    assert ["aws", "aws", "aws", "self", "self", "self", "self", "self"] == [each.instrument for each in stack.PROMISES]


AWARE = st.datetimes(timezones=st.just(UTC))


@given(st.builds(StackSeen, updated=AWARE) | st.builds(Absent), st.builds(Stated), st.text())
def test_no_evidence_makes_a_judge_raise(seen: StackSeen | Absent, stated: Stated, text: str) -> None:
    """Whatever is said, there is a verdict with a remedy unless it passes."""
    verdicts = (
        stack.judge_status(seen, NOW, region=REGION, stack="S"),
        stack.judge_outputs(seen, NOW, stack="S", declared=("A",)),
        stack.judge_floor(stated, NOW, kind=text, least=1, found=0),
        stack.judge_plan(stated, NOW, target=text, check=text, change=text, owner=text, reason=text),
        stack.judge_plan_digest(stated, NOW, target=text, accepted=text, live=text, added=(text,), changed=()),
        stack.judge_waiver(stated, NOW, check=text, owner=text, reason=text, expires=text, matches=0),
    )

    assert all(verdict.remedy or verdict.status == "pass" for verdict in verdicts)
