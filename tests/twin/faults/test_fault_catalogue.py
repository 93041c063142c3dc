"""The catalogue of faults: each once, each about a promise that exists, and nothing of it silently left out."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks import catalogue as promises
from checks.naming import glob
from checks.twin.faults import matrix
from checks.twin.faults.catalogue import ABSENT, FAULTS
from checks.twin.faults.words import Fault

MATRIX = Path(__file__).parents[3] / "docs" / "kill-matrix.json"
PAGE = MATRIX.with_suffix(".md")
_GRACE = timedelta(days=14)
# Rows of our own begin so; all others are rows of the published list of faults.
OWN = "X-"


def _told() -> dict[str, Any]:
    assert MATRIX.exists(), "nothing was measured yet: make mutate"
    return dict(json.loads(MATRIX.read_text(encoding="utf-8")))


def test_every_fault_is_there_once() -> None:
    """An id is staged or absent, never both and never twice."""
    ids = Counter([each.id for each in FAULTS] + [each.id for each in ABSENT])

    assert [] == [each for each, count in ids.items() if count > 1]


def test_no_row_is_silently_left_out() -> None:
    """255 faults, 49 benign changes and 45 meta-faults are staged or are absent for a reason."""
    every = [(each.id, each.kind) for each in FAULTS] + [(each.id, each.kind) for each in ABSENT]
    rows = Counter(kind for name, kind in every if not name.startswith(OWN))

    assert {"fault": 255, "benign": 49, "meta": 45} == dict(rows)
    assert all(each.why for each in ABSENT)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_names_what_exists(fault: Fault) -> None:
    """Its promise is in the catalogue, its reach fits promises, and a benign change has neither."""
    assert fault.promise in {"", *promises.BY_NAME}
    assert fault.kind != "benign" or not fault.promise
    for pattern in fault.behind:
        assert any(glob(pattern.partition("[")[0], name) for name in promises.BY_NAME), pattern
    assert (fault.within is not None) == (fault.kind == "meta")


def test_every_fault_of_a_deployment_has_a_promise() -> None:
    """Only a trial of the command itself, or a benign change, has none."""
    assert [] == [each.id for each in FAULTS if each.kind == "fault" and not each.promise]


@pytest.mark.long
def test_every_row_has_a_result() -> None:
    """What is in the catalogue is in the matrix, and in its page."""
    told = _told()
    rows, absent = ({each["id"] for each in told[key]} for key in ("rows", "absent"))

    assert (set(), set()) == ({each.id for each in FAULTS} - rows, {each.id for each in ABSENT} - absent)
    assert matrix.page(told) == PAGE.read_text(encoding="utf-8")


@pytest.mark.long
def test_the_matrix_is_of_this_code_or_young() -> None:
    """A row of sources that have moved on is forgiven for two weeks: then it must be measured again (`make mutate`)."""
    told = _told()
    now = datetime.now(UTC)
    old = [
        each["id"]
        for each in told["rows"]
        if each["of"] != matrix.sources(matrix.measured_with(each, told)["plan"])
        and now - datetime.strptime(each["measured"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) > _GRACE
    ]

    assert [] == old


@pytest.mark.long
def test_the_matrix_keeps_what_is_promised_of_it() -> None:
    """The right check sees 99 live faults of 100, some check all; no alarm in 2,995 benign runs, sixty of each."""
    told = _told()
    rates = told["rates"]
    rounds = [each["runs"] for each in told["rows"] if each["kind"] == "benign" and each["outcome"] != "unfit"]
    right, some = (rates[f"live: caught by {which} check"] for which in ("the right", "any"))
    calm, upset = rates["benign runs with a false alarm"], rates["meta: the right status in bounded time"]

    assert 0.99 <= right["hits"] / right["tries"]
    assert some["tries"] == some["hits"]
    assert (0, True, True) == (calm["hits"], 2995 <= calm["tries"], 60 <= min(rounds))
    assert upset["tries"] == upset["hits"]


def test_hardly_anything_cannot_be_staged() -> None:
    """Five rows of a hundred at most, each with its reason."""
    published = [
        name for name in [each.id for each in FAULTS] + [each.id for each in ABSENT] if not name.startswith(OWN)
    ]

    assert len(ABSENT) <= 0.05 * len(published)
