"""What made other gates green although nothing was proven, put to ours: none of it is green here.

Each test is named in ``docs/pitfalls.md`` beside the story that it is about.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from checks import catalogue
from checks.catalogue import Thresholds, checks_for
from checks.evidence import Absent, AlarmSeen, FunctionSeen, Response, Responses
from checks.model import CannotLook, Check, Verdict, Waiver
from checks.promises import alarms, api, releases, stack, tls
from checks.report.text import as_text
from checks.run import exit_code
from checks.target.settings import Expectations
from checks.world.aws.wire import Ask
from tests.promises import worlds
from tests.promises.worlds import APEX, DAY, NOW, REGION, planned, resource, response, target
from tests.runs import NOON, a_check, a_control, a_run, broken, kept, settling

PAGE = Path(__file__).parents[1] / "docs" / "pitfalls.md"
SHA, OLD = "a" * 40, "b" * 40
AWS_SAYS_NO = CannotLook("dynamodb:DescribeTable in af-south-1: not allowed (AccessDeniedException)", final=True)


def _raising(reason: Exception) -> Any:  # noqa: ANN401 - stands for any look
    def look(_: object) -> object:
        raise reason

    return look


def _unseen(name: str = "tables.present[Users]", reason: Exception = AWS_SAYS_NO) -> Check:
    return a_check(name, look=_raising(reason))


def test_measurements_that_all_err_are_no_success() -> None:
    """Nothing could be looked at: 2, and no word of success."""
    run = a_run(_unseen("tables.a[x]"), _unseen("tables.b[x]"))

    assert 2 == exit_code(run)
    assert "kept" not in as_text(run).splitlines()[-1]


def test_one_that_failed_among_many_closes_the_gate() -> None:
    """However many pass beside it."""
    passing = [a_check(f"tables.many[{number}]") for number in range(50)]

    assert 1 == exit_code(a_run(*passing, a_check("tables.one[x]", judge=broken)))


def test_what_never_settles_is_not_promoted() -> None:
    """When the wait is over it is not yet, which is 2."""
    run = a_run(a_check(judge=settling), wait=timedelta(seconds=30))

    assert (2, ["not_yet"]) == (exit_code(run), [each.status for each in run.results])


def test_a_failure_is_the_exit_code_of_the_run() -> None:
    """What stops a rollout is the code, so that it cannot be read past."""
    assert [0, 1, 2, 3] == [
        exit_code(a_run(a_check())),
        exit_code(a_run(a_check(judge=broken))),
        exit_code(a_run(_unseen())),
        exit_code(a_run()),
    ]


def _alarm(name: str) -> AlarmSeen:
    return AlarmSeen(
        name="errors", arn="a", state="INSUFFICIENT_DATA", state_changed=None, configured=None, actions_enabled=True,
        alarm_actions=("arn:t",), namespace="AWS/Lambda", metric="Errors", dimensions=(("FunctionName", name),),
        metrics=(("AWS/Lambda", "Errors", (("FunctionName", name),)),), statistic="Sum",
        comparison="GreaterThanThreshold", threshold=1, period=60, evaluation_periods=1, missing_data="notBreaching",
    )  # fmt: skip


@pytest.mark.parametrize(("name", "status"), (("shop-1", "pass"), ("shop-old", "fail")))
def test_a_metric_of_nothing_is_no_quiet_metric(name: str, status: str) -> None:
    """A name that resolves to nothing never rings, and so it fails."""
    known = (("FunctionName", "shop-1"),)

    assert status == alarms.judge_subject(_alarm(name), NOW, region=REGION, known=known, unknown=()).status


@pytest.mark.parametrize("status", (500, 502, 503, 504, 429, 404))
def test_an_error_that_came_in_time_is_an_error(status: int) -> None:
    """An answer is not an answer that is well, though its body say so."""
    answer = response(status, '{"status": "ok"}', "application/json")

    assert "fail" == api.judge_health(answer, NOW).status


def test_nothing_planned_proves_nothing() -> None:
    """Void, in one word for it."""
    run = a_run()

    assert (3, True) == (exit_code(run), bool(run.void))


def test_a_selection_that_fits_nothing_proves_nothing() -> None:
    """A misspelt name in a workflow must not be green."""
    assert 3 == exit_code(a_run(a_check(), selection=("tabels.*",)))


def test_a_refusal_is_neither_absence_nor_a_pass() -> None:
    """AccessDenied, a throttle, a time-out: unknown, with the reason, and never one of what the judge could say."""
    reasons = ("AccessDenied", "ThrottlingException", "no complete answer within 10 s", "no usable credentials")
    for reason in reasons:
        run = a_run(a_check(look=_raising(CannotLook(reason, final=True)), judge=kept))
        assert ("unknown", 2) == (run.results[0].status, exit_code(run))
        assert reason in run.results[0].actual


@pytest.mark.parametrize("code", ("AccessDenied", "AccessDeniedException", "ThrottlingException", "OptInRequired"))
def test_no_question_takes_a_refusal_for_absence(code: str) -> None:
    """What any question may call "gone" is a code that says so."""
    from checks.world.aws import alarms as asked_alarms
    from checks.world.aws import auth, backups, buckets, compute, delivery, functions, gateway, keeping, roles, tables

    rooms = (asked_alarms, auth, backups, buckets, compute, delivery, functions, gateway, keeping, roles, tables)
    every = [each for room in rooms for each in vars(room).values() if isinstance(each, Ask)]

    # S3 answers HeadBucket of somebody else's bucket so, and it is asked once more whether the bucket is there at all.
    asked_twice = {"HeadBucket"}

    assert every
    assert [] == [each.operation for each in every if code in each.gone and each.operation not in asked_twice]


def test_nobody_can_wave_a_failure_through_in_silence() -> None:
    """A waiver has an owner, a reason and an end, and when that has come the failure counts and the waiver fails."""
    ended = Waiver(check="tables.*", owner="somebody", reason="later", expires=NOON - timedelta(seconds=1))
    run = a_run(a_check(judge=broken), waivers=(ended,))
    said = stack.judge_waiver(
        worlds_stated(), NOON, check="tables.*", owner="somebody", reason="later", expires="2026-01-30", matches=1
    )

    assert (1, None) == (exit_code(run), run.results[0].waiver)
    assert "fail" == said.status


def worlds_stated() -> Any:  # noqa: ANN401 - the judge does not look at it
    """What a promise about the plan itself is shown."""
    from checks.evidence import Stated

    return Stated(facts=())


def test_every_assertion_counts_and_not_the_last_alone() -> None:
    """A failure first, in the middle, or at the end."""
    for place in range(3):
        checks = [a_check(f"tables.c[{each}]", judge=broken if each == place else kept) for each in range(3)]
        assert 1 == exit_code(a_run(*checks))


def test_a_part_of_ours_that_breaks_voids_the_run() -> None:
    """A defect of the harness is no result of the target, and leaves no green behind."""
    run = a_run(a_check(look=_raising(RuntimeError("a plugin broke"))), a_check("tables.other[x]"))

    assert 3 == exit_code(run)
    assert "harness error" in " ".join(run.void)


def test_an_instrument_that_shows_bad_as_good_voids_the_run() -> None:
    """An endpoint that says yes to everybody is not AWS, whatever it says of our tables."""
    liar = a_control("aws.forged_key", look=lambda _: (False, "it was let in"), known="bad")

    assert 3 == exit_code(a_run(a_check(), controls=(liar,)))


def test_an_expired_certificate_keeps_its_date() -> None:
    """The reading is not lost just when it matters: it fails, and says since when."""
    from checks.evidence import Refused

    over = worlds.leaf(not_after=NOW - DAY)
    seen = Refused(host=APEX, address="192.0.2.1", reason="certificate has expired", code=10, leaf=over)
    verdict = tls.judge_lifetime(seen, NOW, host=APEX, least=7 * DAY)

    assert "fail" == verdict.status
    assert "expired 1 d ago" == verdict.actual


def test_every_promise_weighs_something_and_every_failure_is_told() -> None:
    """There is no check without a severity, and a warning that fails is told and can be made to count."""
    assert {"critical", "warning"} == {each.severity for each in catalogue.PROMISES}
    run = a_run(a_check(judge=broken, severity="warning"))

    assert "WARNING" in as_text(run)
    assert [0, 1] == [exit_code(run), exit_code(a_run(a_check(judge=broken, severity="warning"), strict=True))]


def test_an_alarm_that_waits_for_data_is_not_taken_for_calm_alone() -> None:
    """INSUFFICIENT_DATA of a metric that does not exist is caught by what it watches."""
    verdicts: list[Verdict] = [
        alarms.judge_calm(_alarm("shop-old"), NOW, region=REGION, alarm="errors"),
        alarms.judge_subject(_alarm("shop-old"), NOW, region=REGION, known=(("FunctionName", "shop-1"),), unknown=()),
    ]

    assert "fail" in {each.status for each in verdicts}


def test_a_plan_that_lost_a_check_fails_by_its_name() -> None:
    """What a test that skips itself would hide: the stack has no tables any more, and nobody was told."""
    table = resource("AWS::DynamoDB::Table", {"KeySchema": []}, subject="Users", physical_id="Users-1")
    limits, expect = Thresholds(), Expectations(resources={"AWS::DynamoDB::Table": 1})
    before = checks_for(target(table), limits=limits, expect=expect)
    from checks.plan import freeze

    accepted = freeze(before, target="test", account="1", regions=(REGION,))
    after = planned(
        checks_for(target(resource("AWS::SQS::Queue", subject="Jobs")), limits=limits, expect=expect, accepted=accepted)
    )

    lost = after["stack.plan[tables.present[Users]]"]
    floor = after["stack.floor[AWS::DynamoDB::Table]"]
    judged = [each.sight.judge(each.sight.look(worlds.world({})), NOW).status for each in (lost, floor)]
    assert ["fail", "fail"] == judged


def test_the_release_before_does_not_answer_for_this_one() -> None:
    """Healthy, and yesterday's."""
    old = response(200, f'{{"status": "ok", "git_sha": "{OLD}"}}', "application/json")

    assert "pass" == api.judge_health(old, NOW).status
    assert "fail" == api.judge_release(old, NOW, sha=SHA).status


def _told(sha: str, url: str) -> Response:
    return response(200, f'{{"status": "ok", "git_sha": "{sha}"}}', "application/json", url=url)


def test_a_version_that_is_read_from_somewhere_else_does_not_stand_alone() -> None:
    """Health tells this release, the page that was served is yesterday's; or the function was told another."""
    mixed = Responses(responses=(_told(OLD, f"https://{APEX}/version.json"), _told(SHA, f"https://{APEX}/api/health")))
    function = FunctionSeen(
        name="f", arn="f", runtime="", architecture="", handler="", memory=128, timeout=3, state="Active",
        last_update="Successful", code_sha256="x", reserved_concurrency=None, environment=(), role="",
    )  # fmt: skip
    judge = partial(releases.judge_function, function="f", variable="GIT_SHA", sha="0", shown=SHA)

    assert "fail" == releases.judge_whole(mixed, NOW).status
    assert ["fail", "fail"] == [judge(function, NOW).status, judge(Absent(what="f"), NOW).status]


def test_the_page_names_a_test_for_every_story() -> None:
    """And each test that it names is here."""
    told = PAGE.read_text(encoding="utf-8").partition("## What was green elsewhere")[2]
    rows = re.findall(r"^\| (\d+) \|.*\| `(test_\w+)` \|$", told, re.MULTILINE)
    here = {name for name in globals() if name.startswith("test_")}

    assert [str(number) for number in range(1, 23)] == [number for number, _ in rows]
    assert {name for _, name in rows} <= here
