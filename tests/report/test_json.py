"""The run document."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest

from checks.model import Waiver
from checks.report import json as as_json
from checks.report.junit import as_junit
from checks.report.text import as_text
from checks.run import Run
from tests.report.conftest import BEHIND, HOSTILE, ROOT
from tests.runs import a_check, a_run, broken


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def _strictly(text: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(text, parse_constant=_refuse)
    return read


@pytest.fixture
def document(everything: Run, tmp_path: Path) -> dict[str, Any]:
    """The document of one of each, written and read back."""
    as_json.write(everything, tmp_path / "a" / "run.json")
    return _strictly((tmp_path / "a" / "run.json").read_text(encoding="ascii"))


def _result(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["results"] if each["name"] == name)
    return found


def test_the_statuses_sum_to_the_results(document: dict[str, Any]) -> None:
    """Recovered is part of pass, waived part of the rest."""
    statuses = Counter(each["status"] for each in document["results"])
    told = document["counts"]

    assert statuses == {name: told[name] for name in statuses}
    assert len(document["results"]) == sum(told[each] for each in ("pass", "fail", "not_yet", "unknown", "blocked"))
    assert (1, 1) == (told["recovered"], told["waived"])


def test_what_is_blocked_keeps_its_own_verdict(document: dict[str, Any]) -> None:
    """It names its root, and what it would have said."""
    blocked = _result(document, BEHIND[0])

    assert ("blocked", ROOT, "fail") == (blocked["status"], blocked["blocked_by"], blocked["own_verdict"])
    assert [("fail", "no")] == [(each["status"], each["actual"]) for each in blocked["attempts_log"]]


def test_times_are_utc_and_end_with_z(document: dict[str, Any]) -> None:
    """Readable by every language's own parser."""
    times = [document["started"], document["finished"], *(each["started"] for each in document["results"])]

    assert all(each.endswith("Z") and datetime.fromisoformat(each).utcoffset() is not None for each in times)


def test_a_waiver_and_a_recovery_are_told(document: dict[str, Any]) -> None:
    """With everything that was decided, and every look that was made."""
    waiver = _result(document, "tls.expiry[shop.test]")["waiver"]
    recovered = _result(document, "identity.caller[1]")

    assert ("platform", "moving", "2026-02-01T12:00:00Z") == (waiver["owner"], waiver["reason"], waiver["expires"])
    assert (True, 2) == (recovered["recovered"], recovered["attempts"])
    assert ["unknown", "pass"] == [each["status"] for each in recovered["attempts_log"]]


def test_hostile_text_is_ascii_json(strange: Run, tmp_path: Path) -> None:
    """Every byte of it can be read back, half characters included, and a log takes it as one text."""
    as_json.write(strange, tmp_path / "run.json")

    text = (tmp_path / "run.json").read_text(encoding="ascii")
    assert HOSTILE == _result(_strictly(text), "tables.keys[Users]")["actual"]
    assert "\x1b" not in text
    assert "\x00" not in text


def test_a_number_that_json_cannot_hold_is_refused(
    everything: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather no document than one that half of the readers cannot read; what was there before stays."""
    odd = as_json.document(everything) | {"aws_calls": float("nan")}
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")

    monkeypatch.setattr(as_json, "document", lambda _: odd)
    with pytest.raises(ValueError, match="JSON"):
        as_json.write(everything, tmp_path / "run.json")

    assert "{}" == (tmp_path / "run.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("run", "verdict"),
    (
        pytest.param(a_run(a_check()), ("kept", 0, []), id="kept"),
        pytest.param(a_run(a_check(judge=broken)), ("broken", 1, []), id="broken"),
        pytest.param(
            a_run(), ("void", 3, ["nothing was planned: no check fits the selection and the target"]), id="void"
        ),
    ),
)
def test_verdict_and_code_go_together(run: Run, verdict: tuple[str, int, list[str]]) -> None:
    """One word, one number, and the reasons why it would prove nothing."""
    document = as_json.document(run)

    assert verdict == (document["verdict"], document["exit_code"], document["void"])


def test_a_defect_of_ours_keeps_its_trace() -> None:
    """In the document, where its reader can find it."""
    document = as_json.document(a_run(a_check(look=lambda _: 1 / 0)))

    assert "ZeroDivisionError" in document["results"][0]["harness_error"]
    assert "void" == document["verdict"]


@pytest.mark.parametrize(
    ("name", "owner"),
    (
        pytest.param("tables.pitr[Users]", "data", id="the longest pattern"),
        pytest.param("tables.keys[Users]", "platform", id="the family"),
        pytest.param("dns.zone[shop.test]", "", id="nobody"),
        pytest.param("alarms.armed[a]", "[e-mail]", id="an address is nobody's business"),
    ),
)
def test_an_owner_is_found_for_each_check(name: str, owner: str) -> None:
    """By the longest pattern that fits, else by its family."""
    owners = {"tables": "platform", "tables.*pitr*": "data", "tables.p*": "other", "alarms": "anna@shop.test"}

    (told,) = as_json.document(a_run(a_check(name), owners=owners))["results"]
    assert owner == told["owner"]


@pytest.mark.parametrize("quiet", ("maintenance until noon", ""))
def test_what_is_broken_during_maintenance_is_marked_and_as_broken_as_ever(quiet: str) -> None:
    """In the document, in the text, and in JUnit; outside of it nothing is, and the exit code is the same."""
    waiver = Waiver(check="logs.x*", owner="Ada", reason="known", expires=datetime(2999, 1, 1, tzinfo=UTC))
    checks = (
        a_check("tables.x[x]", judge=broken),
        a_check("site.x[x]", judge=broken, severity="warning"),
        a_check("logs.x[x]", judge=broken),
        a_check("dns.x[x]"),
    )
    run = a_run(*checks, waivers=(waiver,), quiet=quiet)
    told = as_json.document(run)
    marked = ["tables.x[x]", "site.x[x]"]

    assert (1, {"why": quiet, "checks": marked} if quiet else None) == (told["exit_code"], told["suppressed"])
    assert 2 * bool(quiet) == as_junit(run).count('name="suppressed"')
    assert 2 * bool(quiet) == as_text(run, width=200).count("silenced maintenance until noon")
