"""The published schema of the run document."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pytest

from checks.doors import cli
from checks.model import STATUSES, ControlStatus, Effect, Instrument, Severity
from checks.report import json as as_json
from checks.run import Door, Run
from tests.doors import scene
from tests.report.conforming import faults
from tests.runs import a_check, a_run, broken, settling

# What scripts rely on.
KEYS = (
    "schema run_id tool door target account regions release plan selection wait_s started finished verdict exit_code "
    "aws_calls cost counts results not_from_here controls"
)
OF_RESULT = (
    "name family promise subject stack region severity effect status expected actual remedy params evidence attempts "
    "attempts_log started seconds covers blocked_by own_verdict waiver"
)
OF_CONTROL = "name instrument status expected actual"
OF_COUNTS = "pass fail not_yet unknown blocked recovered waived"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """As it is shipped."""
    return as_json.schema()


@pytest.fixture
def kept() -> dict[str, Any]:
    """A document that conforms."""
    return as_json.document(a_run(a_check()))


def _faults(document: object, schema: dict[str, Any]) -> list[str]:
    return list(faults(document, schema, schema))


def test_every_key_of_the_contract_is_required(schema: dict[str, Any]) -> None:
    """A document without one of them is not of schema 1."""
    parts = schema["$defs"]

    assert set() == set(KEYS.split()) - set(schema["required"])
    assert set() == set(OF_RESULT.split()) - set(parts["result"]["required"])
    assert set() == set(OF_CONTROL.split()) - set(parts["control"]["required"])
    assert OF_COUNTS.split() == schema["properties"]["counts"]["required"]
    assert ["digest", "source"] == schema["properties"]["plan"]["required"]


def test_it_says_something_of_every_key_that_is_written(schema: dict[str, Any], everything: Run) -> None:
    """Nothing is written that nobody was told of, and nothing required that nobody wrote."""
    document = as_json.document(everything)
    parts = schema["$defs"]

    assert set(schema["required"]) <= set(document) == set(schema["properties"])
    for part, written in ((parts["result"], document["results"]), (parts["control"], document["controls"])):
        assert {frozenset(part["properties"])} == {frozenset(each) for each in written}
        assert set(part["required"]) <= set(part["properties"])


def test_its_words_are_those_of_the_model(schema: dict[str, Any]) -> None:
    """Written twice, so compared."""
    result, control = schema["$defs"]["result"]["properties"], schema["$defs"]["control"]["properties"]
    top = schema["properties"]

    assert list(STATUSES) == schema["$defs"]["status"]["enum"]
    assert list(get_args(Severity)) == result["severity"]["enum"]
    assert list(get_args(Effect)) == result["effect"]["enum"]
    assert list(get_args(Instrument)) == result["instrument"]["enum"] == control["instrument"]["enum"]
    assert list(get_args(ControlStatus)) == control["status"]["enum"]
    assert list(get_args(Door)) == top["door"]["enum"]
    assert list(as_json.VERDICTS) == top["exit_code"]["enum"]
    assert set(as_json.VERDICTS.values()) == set(top["verdict"]["enum"])
    assert as_json.SCHEMA == top["schema"]["const"]


@pytest.mark.parametrize(
    "make",
    (
        pytest.param(lambda: a_run(a_check()), id="kept"),
        pytest.param(lambda: a_run(a_check(judge=broken), selection=("tables.*",), release="abc"), id="broken"),
        pytest.param(lambda: a_run(a_check(judge=settling)), id="unseen"),
        pytest.param(lambda: a_run(a_check(look=lambda _: 1 / 0)), id="a defect of ours"),
        pytest.param(a_run, id="void"),
    ),
)
def test_documents_conform(schema: dict[str, Any], make: Callable[[], Run]) -> None:
    """Whatever the verdict."""
    assert [] == _faults(as_json.document(make()), schema)


def test_every_status_conforms(schema: dict[str, Any], everything: Run, strange: Run) -> None:
    """With waivers, recoveries, roots and what stands behind them, and with a stranger's words."""
    assert [] == _faults(as_json.document(everything), schema)
    assert [] == _faults(as_json.document(strange), schema)


@pytest.mark.parametrize("which", sorted(scene.SCENES))
def test_documents_of_a_deployment_conform(
    schema: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """As the command line writes them, and again when they are replayed."""
    monkeypatch.chdir(tmp_path)
    scene.write_settings(tmp_path)
    scene.enter(monkeypatch, "kept")
    accepting = ("plan", "--target", "here.toml", "--accept", "--owner", "platform", "--reason", "first")
    cli.main(accepting, out=StringIO(), err=StringIO())
    scene.enter(monkeypatch, which)
    cli.main(("verify", "--target", "here.toml", "--json", "run.json"), out=StringIO(), err=StringIO())
    cli.main(("replay", "run.json", "--json", "again.json"), out=StringIO(), err=StringIO())

    for name in ("run.json", "again.json"):
        assert [] == _faults(json.loads((tmp_path / name).read_text(encoding="utf-8")), schema)


def _spoilt(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document with one thing wrong at a time, and where."""
    for where, change in (
        ("$.schema", {"schema": 2}),
        ("$.schema", {"schema": True}),
        ("$.door", {"door": "window"}),
        ("$.verdict", {"verdict": "fine"}),
        ("$.exit_code", {"exit_code": 4}),
        ("$.started", {"started": "2026-01-31T12:00:00+02:00"}),
        ("$.selection", {"selection": "tables.*"}),
        ("$.aws_calls", {"aws_calls": -1}),
        ("$.strict", {"strict": 1}),
        ("$.run_id", {"run_id": ""}),
        ("$.plan.digest", {"plan": {"digest": "abc", "source": "live"}}),
        ("$.void[0]", {"void": [None]}),
    ):
        yield where, document | change
    for where, key, value in (
        ("$.results[0].status", "status", "skipped"),
        ("$.results[0].evidence", "evidence", {"type": "Stated"}),
        ("$.results[0].blocked_by", "blocked_by", 1),
        ("$.results[0].waiver", "waiver", {"owner": "platform"}),
        ("$.results[0].seconds", "seconds", "1"),
    ):
        spoilt = deepcopy(document)
        spoilt["results"][0][key] = value
        yield where, spoilt


def test_what_is_wrong_does_not_conform(schema: dict[str, Any], kept: dict[str, Any]) -> None:
    """The failing twin of every key: another type, another word, or nothing at all."""
    for where, document in _spoilt(kept):
        assert [where] == [each.partition(": ")[0] for each in _faults(document, schema)]
    for key in kept:
        assert [f"$: {key} is missing"] == _faults({each: kept[each] for each in kept if each != key}, schema)


def test_a_key_more_conforms(schema: dict[str, Any], kept: dict[str, Any]) -> None:
    """Later releases may add some."""
    assert [] == _faults(kept | {"later": 1}, schema)


def test_a_keyword_that_the_reader_does_not_know_is_no_pass(kept: dict[str, Any]) -> None:
    """Whoever extends the schema extends what reads it here."""
    with pytest.raises(KeyError):
        _faults(kept, {"multipleOf": 2})
