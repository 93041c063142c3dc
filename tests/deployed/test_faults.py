"""A spread of faults over all families on the deployed stack: each caught by the right check, and green again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.doors import mutate
from checks.twin.faults import measure
from checks.twin.faults.bench import Bench
from checks.twin.faults.catalogue import FAULTS
from checks.twin.faults.measure import Notebook
from checks.twin.faults.words import Fault, Row
from tests.deployed.conftest import House

pytestmark = pytest.mark.twin

# Two or three of each family and of each mechanism: AWS's interface, the edge, names, handshakes, answers rewritten on
# their way, the machine. All of them are measured by `make full`, and written down by `make mutate`.
SPREAD = (
    "DNS-07", "DNS-18", "TLS-12", "TLS-25", "TLS-41", "ACM-08", "CF-06", "CF-15", "CF-29", "SPA-05", "HDR-02", "API-18",
    "HLT-09", "AUTH-09", "AUTH-20", "LAM-03", "EVT-05", "X-SQS-01", "DDB-10", "DDB-12", "BKP-04", "BKP-10", "S3-04",
    "OBS-04", "OBS-17", "INF-03", "M-IO-06", "M-AWS-03", "M-AWS-12", "M-REP-01", "B-DNS-05", "B-NET-08", "B-BKP-01",
    "B-AWSAPI-05",
)  # fmt: skip


@pytest.fixture(scope="module")
def measured(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[mutate.Harness, Bench, Path]]:
    """The house's twin with a bench on it; nothing that earlier tests broke rings any more."""
    house.quieten()
    harness, bench = mutate.open_bench(house.settings)
    measure.require_green(bench, harness)
    yield harness, bench, tmp_path_factory.mktemp("faults")
    measure.require_green(bench, harness)
    house.quieten()


def _row(measured: tuple[mutate.Harness, Bench, Path], fault: Fault) -> Row:
    harness, bench, folder = measured
    book = Notebook(file=folder / f"{fault.id}.json", key="")
    (row,) = measure.measure([fault], bench, harness, notebook=book, watch=lambda _: None, green=False)
    return row


def _named(ids: tuple[str, ...]) -> list[Fault]:
    return [each for each in FAULTS if each.id in ids]


def test_the_spread_names_faults_of_every_family() -> None:
    """A new family has to send somebody."""
    chosen = _named(SPREAD)

    assert len(SPREAD) == len(chosen)
    assert not {each.family for each in FAULTS if each.kind == "fault"} - {each.family for each in chosen}


@pytest.mark.long
@pytest.mark.parametrize("fault", _named(SPREAD), ids=lambda fault: fault.id)
def test_a_fault_is_caught_by_the_right_check(measured: tuple[mutate.Harness, Bench, Path], fault: Fault) -> None:
    """The named check, the right code, no stray, green again; a benign change raises no alarm."""
    row = _row(measured, fault)

    assert row.exact, row


@pytest.mark.long
@pytest.mark.parametrize("fault", [each for each in FAULTS if each.id not in SPREAD], ids=lambda fault: fault.id)
def test_every_other_fault_is_caught_as_well(measured: tuple[mutate.Harness, Bench, Path], fault: Fault) -> None:
    """What is planned here and can be staged is caught by the right check."""
    row = _row(measured, fault)

    assert row.exact or row.outcome == "unfit", row
