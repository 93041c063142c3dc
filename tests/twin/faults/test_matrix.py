"""The kill matrix: rates apart, exact bounds, and pages in which a stranger's words are only words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checks.twin.faults import leaf, matrix
from checks.twin.faults.words import Absent, Row

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CAUGHT = Row(
    id="F-1", kind="fault", family="tables", breaks="recovery is off", fidelity="live", outcome="caught",
    expected="tables.pitr: fail", named={"tables.pitr[Users]": "fail"}, code=1, wanted_code=1,
)  # fmt: skip
CALM = replace(CAUGHT, id="B-1", kind="benign", outcome="calm", named={}, code=0, wanted_code=0)
GONE = Absent(id="T-1", family="tls", breaks="a <b>", lacks="twin", why="no | list")


def of(*rows: Row) -> dict[str, Any]:
    """The document of these rows."""
    return matrix.document(rows, (GONE,), now=NOW, target="here", plan="p")


@pytest.mark.parametrize(
    ("hits", "tries", "least", "most"),
    (
        pytest.param(255, 255, 0.98832, 1.0, id="no miss in 255 bounds the miss rate at 1.2 %"),
        pytest.param(0, 49, 0.0, 0.05930, id="no false alarm in 49 runs bounds it at 5.9 %"),
        pytest.param(0, 2995, 0.0, 0.00100, id="0.1 % takes 2,995 runs"),
        pytest.param(0, 0, 0.0, 1.0, id="nothing tried, nothing known"),
    ),
)
def test_bounds_are_exact_and_one_sided(hits: int, tries: int, least: float, most: float) -> None:
    """One minus the n-th root of 0.05 where all or none are hits."""
    rate = matrix.Rate(hits=hits, tries=tries)

    assert abs(least - rate.least) < 2e-5
    assert abs(most - rate.most) < 2e-5


def test_live_and_patched_are_never_pooled() -> None:
    """Nor are the right check and any check, nor runs that a fault did not fit."""
    rows = (
        CAUGHT,
        replace(CAUGHT, id="F-2", fidelity="patched"),
        replace(CAUGHT, id="F-3", outcome="by another"),
        replace(CAUGHT, id="F-4", outcome="missed"),
        replace(CAUGHT, id="F-5", outcome="unfit"),
    )
    seen = {name: (rate.hits, rate.tries) for name, rate in matrix.rates(rows).items()}

    assert (1, 3) == seen["live: caught by the right check"]
    assert (2, 3) == seen["live: caught by any check"]
    assert (1, 1) == seen["patched: caught by the right check"]


def test_false_alarms_are_counted_by_runs() -> None:
    """A row that was measured twice is two runs."""
    seen = matrix.rates((CALM, replace(CALM, id="B-2", runs=2, alarms=1)))["benign runs with a false alarm"]

    assert (1, 3) == (seen.hits, seen.tries)


def test_the_document_is_read_back_whole(tmp_path: Path) -> None:
    """Row by row, with what it is of."""
    matrix.write(of(CAUGHT, CALM), tmp_path / "m.json")
    read = json.loads((tmp_path / "m.json").read_text())

    assert (1, "2026-01-31T12:00:00Z", ["F-1", "B-1"]) == (
        read["schema"], read["measured"], [each["id"] for each in read["rows"]],
    )  # fmt: skip
    assert {"faults", "promises", "twin"} == read["digests"].keys()
    assert read == json.loads(json.dumps(of(CAUGHT, CALM)))


def test_a_cell_of_the_page_cannot_break_its_table() -> None:
    """A bar or a line's end in a reason stays in its cell."""
    missed = replace(CAUGHT, outcome="missed", why="a | b\nc")
    lines = matrix.page(of(missed)).splitlines()
    row = next(line for line in lines if line.startswith("| F-1 "))

    assert 7 == row.replace("\\|", "").count("|") - 1
    assert "a \\| b c" in row


def test_the_html_page_says_strangers_words_and_obeys_none() -> None:
    """Names and reasons are escaped, and a policy forbids what would get through."""
    page = leaf.as_html(of(replace(CAUGHT, outcome="missed", why="<script>alert(1)</script>")))

    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page


def test_rows_of_earlier_are_kept_and_rows_of_now_are_newer(tmp_path: Path) -> None:
    """In the order of the catalogue, without what is in it no more."""
    file = tmp_path / "m.json"
    matrix.write(of(CAUGHT, CALM, replace(CALM, id="GONE")), file)
    again = replace(CAUGHT, outcome="missed")

    rows = matrix.joined([again], matrix.read(file), ["B-1", "F-1"])

    assert [("B-1", "calm"), ("F-1", "missed")] == [(each.id, each.outcome) for each in rows]


@pytest.mark.parametrize("text", ("", "{}", '{"schema": 0, "rows": []}', '{"schema": 1, "rows": [{"id": "F-1"}]}'))
def test_a_document_that_cannot_be_read_has_no_rows(tmp_path: Path, text: str) -> None:
    """It is measured anew."""
    (tmp_path / "m.json").write_text(text)

    assert () == matrix.read(tmp_path / "m.json") == matrix.read(tmp_path / "nowhere.json")


def test_the_page_says_how_many_rows_are_of_older_sources() -> None:
    """And which promises no fault is about."""
    rows = (replace(CAUGHT, of=matrix.sources("p"), measured="2026-01-31T12:00:00Z"), replace(CALM, of="older"))
    seen = matrix.document(rows, (), now=NOW, target="here", plan="p", unasked=["roles.trusted"])
    page = matrix.page(seen)

    assert "1 rows are of sources" in page
    assert "`roles.trusted`" in page


UNFIT = replace(CAUGHT, id="F-2", outcome="unfit", why="the plan has no check keys.usable")


@pytest.mark.parametrize(
    ("here", "there", "outcome"),
    (
        (UNFIT, replace(CAUGHT, id="F-2"), ("caught", "annex")),
        (UNFIT, replace(CAUGHT, id="F-2", outcome="missed"), ("missed", "annex")),
        (UNFIT, UNFIT, ("unfit", "")),
        (UNFIT, CAUGHT, ("unfit", "")),
        (replace(CAUGHT, id="F-2"), replace(CAUGHT, id="F-2", outcome="missed"), ("caught", "")),
        (
            replace(CAUGHT, id="F-2", on="annex"),
            replace(CAUGHT, id="F-2", outcome="missed"),
            ("missed", "annex"),
        ),
    ),
    ids=("fit there", "missed there", "fit nowhere", "not asked there", "fit here", "newer there"),
)
def test_what_cannot_be_staged_here_is_told_as_it_was_elsewhere(
    here: Row, there: Row, outcome: tuple[str, str]
) -> None:
    """What can be staged here is never told as elsewhere, for better or worse."""
    (row,) = matrix.beside((here,), (there,), on="annex")

    assert outcome == (row.outcome, row.on)


def test_the_pages_say_where_a_row_was_measured() -> None:
    """It counts like any other, and is as old as its own deployment's sources say."""
    rows = (
        replace(CAUGHT, of=matrix.sources("p")),
        replace(CAUGHT, id="F-2", on="annex", of=matrix.sources("q")),
        replace(CAUGHT, id="F-3", on="annex", of=matrix.sources("p")),
    )
    seen = matrix.document(rows, (), now=NOW, target="here", plan="p", others={"annex": "q"})
    page = matrix.page(seen)

    assert ["p", "q", "q"] == [matrix.measured_with(each, seen)["plan"] for each in seen["rows"]]
    assert "1 rows are of sources" in page
    assert "which stands beside the outcome: `annex`." in page
    assert ["caught", "caught, on `annex`"] == [
        line.rsplit(" | ", 1)[1].removesuffix(" |") for line in page.splitlines() if line.startswith(("| F-1", "| F-2"))
    ]
    assert "caught, on annex" in leaf.as_html(seen)
    assert (3, 3) == (seen["rates"]["live: caught by any check"]["hits"], len(seen["rows"]))
    assert "beside the outcome" not in matrix.page(of(CAUGHT))


def test_the_matrix_of_another_deployment_is_read_or_refused(tmp_path: Path) -> None:
    """Its name, its plan and its rows; what is none is named with what was expected."""
    file = tmp_path / "m.json"
    matrix.write(of(CAUGHT), file)

    assert ("here", "p", (CAUGHT,)) == matrix.measured_elsewhere(file)
    for text in ("", "[]", "{}"):
        file.write_text(text)
        with pytest.raises(ValueError, match=r"m\.json: .*expected what `mutate --json` wrote"):
            matrix.measured_elsewhere(file)
