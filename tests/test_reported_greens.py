"""What made other tools green although nothing was proven: each of it, put to this one, is not.

Each case is a defect that somebody reported of a tool of this kind; the note says which.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from checks import catalogue
from checks.blocking import Dependency
from checks.catalogue import Thresholds, checks_for
from checks.evidence import Absent, Refused, Response
from checks.model import CannotLook, Check, Verdict
from checks.plan import freeze
from checks.promises import alarms, api, buckets, contract, tls
from checks.report.json import document
from checks.report.junit import as_junit
from checks.report.metrics import as_prometheus
from checks.run import Run, exit_code
from checks.target.settings import Expectations
from tests.doors import scene
from tests.doors.conftest import Say, here, say
from tests.runs import NOON, a_check, a_control, a_run, broken, kept, settling
from tests.stacks import resource, target

ROOT = Path(__file__).parents[1]
__all__ = ["here", "say"]  # fixtures that the doors' own tests share


def refused(reason: str) -> Callable[[Any], object]:
    """A look that gets no answer, for that reason."""

    def look(_: object) -> object:
        raise CannotLook(reason, final=True)

    return look


def defective(_: object) -> object:
    """A look with a defect of our own."""
    return 1 / 0


def answer(status: int, body: object) -> Response:
    """An answer of an API, in JSON."""
    headers = (("content-type", "application/json"),)
    return Response(
        url="https://shop.test/api", method="GET", address="a", status=status, headers=headers, body=json.dumps(body)
    )


def once_wrong() -> Callable[[object, object], Verdict]:
    """A judge that is right the first time and wrong ever after."""
    times = count()
    return lambda _seen, _now: kept() if next(times) == 0 else broken()


RUNS: dict[str, tuple[Callable[[], Run], int]] = {
    "every measurement ended in an error, and the analysis was successful (Argo Rollouts 4479)": (
        lambda: a_run(*(a_check(f"a.b[{at}]", look=refused("timed out")) for at in range(3))),
        2,
    ),
    "the job that measures failed, and the analysis was successful (Argo Rollouts 521, 4393)": (
        lambda: a_run(a_check(look=defective)),
        3,
    ),
    "waiting ended, and what was waited for was promoted (Argo Rollouts 3562)": (
        lambda: a_run(a_check(judge=settling), wait=timedelta(minutes=5)),
        2,
    ),
    "a failed analysis did not stop anything (Argo Rollouts 1411)": (lambda: a_run(a_check(judge=broken)), 1),
    "an authorisation failure was a success (Datadog CI, action 144)": (
        lambda: a_run(a_check(look=refused("AccessDenied"))),
        2,
    ),
    "no test was found, and that was a success (Datadog CI 1103)": (lambda: a_run(selection=("*",)), 3),
    "only the last of several assertions counted (aws-cdk 32604)": (
        lambda: a_run(a_check("a.b[1]", judge=broken), a_check("a.b[2]"), a_check("a.b[3]")),
        1,
    ),
    "a plugin broke, and the exit code was 0 (steampipe 3044)": (
        lambda: a_run(a_check("a.b[1]"), a_check("a.b[2]", look=defective)),
        3,
    ),
    "the instrument itself could not be proven (blackbox_exporter, and every probe without a control)": (
        lambda: a_run(a_check(), controls=(a_control(look=lambda _: (False, "it accepts everything")),)),
        3,
    ),
    "what does not alarm for want of data rolls nothing back (CloudFormation rollback triggers)": (
        lambda: a_run(a_check("alarms.heard[a]", look=refused("no data"))),
        2,
    ),
    "a finding hid behind another that could not be seen": (
        lambda: a_run(
            a_check("tables.present[a]", look=refused("throttled")),
            a_check("tables.pitr[a]", judge=broken),
            dependencies=(Dependency("tables.pitr[*]", "tables.present[*]"),),
        ),
        1,
    ),
}


@pytest.mark.parametrize(("run", "code"), RUNS.values(), ids=RUNS)
def test_a_run_that_proves_nothing_is_not_green(run: Callable[[], Run], code: int) -> None:
    """Neither by its code nor in any of its documents."""
    seen = run()

    assert code == exit_code(seen)
    assert "kept" != document(seen)["verdict"]
    assert f"}} {code}\n" in as_prometheus(document(seen))


JUDGED: dict[str, Callable[[], Verdict]] = {
    "a load test does not fail on HTTP 500 (Flagger 431)": lambda: contract.judge_route(answer(500, {}), NOON),
    "AccessDenied became an empty list, and nothing in it was public (steampipe mod 21, inspec-aws 17)": lambda: (
        buckets.judge_private(Absent(what="bucket b"), NOON, bucket="b")
    ),
    "the certificate expired, its metric vanished, and the alert fell silent (blackbox_exporter 1119)": lambda: (
        tls.judge_certificate(
            Refused(host="shop.test", address="a", reason="certificate has expired", code=10), NOON, host="shop.test"
        )
    ),
    "the old version answered the health check (Lucky 442, agentweave 252)": lambda: api.judge_release(
        answer(200, {"status": "ok", "commit": "0000000"}), NOON, sha="abcdef1234567"
    ),
    "the alarm does not exist, so it does not ring (Flagger 1581)": lambda: alarms.judge_subject(
        Absent(what="a"), NOON, region="af-south-1", known=(), unknown=()
    ),
}


@pytest.mark.parametrize("judge", JUDGED.values(), ids=JUDGED)
def test_evidence_of_trouble_is_not_passed(judge: Callable[[], Verdict]) -> None:
    """A failure, with what to do."""
    verdict = judge()

    assert "fail" == verdict.status
    assert verdict.remedy


def test_throttling_is_not_reported_as_missing() -> None:
    """The mirror image, a false red (inspec-aws 83): what could not be asked is neither there nor gone."""
    result = a_run(a_check(look=refused("Throttling: rate exceeded"))).results[0]

    assert "unknown" == result.status


def test_nothing_is_skipped_in_silence() -> None:
    """A skip is no result (pytest.skip, empty parametrisation): JUnit has none, and every planned check has one."""
    run = a_run(
        a_check("a.b[1]", look=refused("x")), a_check("a.b[2]", judge=settling), a_check("a.b[3]", judge=broken)
    )
    tree = ET.fromstring(as_junit(run))

    assert [] == list(tree.iter("skipped"))
    assert 3 == len(run.results)


def test_a_failure_cannot_be_made_harmless_from_outside() -> None:
    """A flag in somebody's user interface turned failures into nothing (Datadog CI, action 187).

    A check that weighed more when the plan was accepted is a failing check until somebody accepts the change by name.
    """
    table = resource("DynamoDB::Table", "Users", "users-1")
    planned = checks_for(target(table), limits=Thresholds(), expect=Expectations())
    heavier = [_critical(each) for each in planned]
    accepted = freeze(heavier, target="here", account="111122223333", regions=())
    live = checks_for(target(table), limits=Thresholds(), expect=Expectations(), accepted=accepted)

    weakened = {each.params["check"] for each in live if each.promise.name == "stack.plan"}
    assert {each.name for each in planned if each.severity == "warning"} == weakened
    assert weakened
    assert all(each.severity == "critical" for each in live if each.promise.name == "stack.plan")


def _critical(check: Check) -> Check:
    from dataclasses import replace

    return replace(check, severity="critical")


def test_a_pass_that_turns_into_a_failure_is_not_kept_from_memory() -> None:
    """Every attempt looks afresh (goss 130 never recovers for want of it): a judge is not asked about yesterday."""
    judge = once_wrong()

    assert [0, 1] == [exit_code(a_run(a_check(judge=judge))) for _ in range(2)]


def test_no_promise_is_without_a_verdict_that_counts() -> None:
    """Checks without thresholds never failed (k6), failures were warnings (Terraform checks): here each has its weight.

    Most of them close the gate by themselves.
    """
    weights = [each.severity for each in catalogue.PROMISES]

    assert {"critical", "warning"} == set(weights)
    assert weights.count("critical") > len(weights) / 2


@pytest.mark.parametrize(("which", "code"), (("kept", 0), ("broken", 1), ("blind", 2), ("void", 3)))
def test_the_exit_code_reaches_the_shell(which: str, code: int, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed tests exited with 0 (Datadog CI 155): here each verdict has a code of its own."""
    scene.enter(monkeypatch, which)

    assert code == say("verify", "--target", "here.toml").code


def test_the_command_ends_with_the_code_of_its_verdict(say: Say, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real process, judging a broken run again."""
    scene.enter(monkeypatch, "broken")
    say("verify", "--target", "here.toml", "--json", str(here / "run.json"))

    ran = subprocess.run(
        [sys.executable, "-m", "checks", "replay", str(here / "run.json")], cwd=ROOT, capture_output=True, check=False
    )
    assert 1 == ran.returncode
