"""A spread of faults over all families on the deployed stack: each caught by the right check, and green again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

# One of each family, and between them each mechanism: AWS's interface, the edge, names, handshakes, answers rewritten
# on their way, the machine. All of them are measured by `make full`, and written down by `make mutate`.
SPREAD = (
    "DNS-18", "TLS-41", "ACM-08", "CF-06", "SPA-05", "HDR-02", "API-10", "HLT-09", "AUTH-09", "E2E-02", "LAM-03",
    "EVT-05", "X-SQS-01", "DDB-12", "BKP-04", "S3-04", "OBS-04", "INF-03", "M-IO-06", "M-AWS-03", "M-REP-01",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """The house's twin with a bench on it, and where notes are kept."""

    harness: mutate.Harness
    bench: Bench
    notes: Path

    def rows(self, *faults: Fault, called: str) -> Sequence[Row]:
        """What these faults come to."""
        book = Notebook(file=self.notes / f"{called}.json", key="")
        return measure.measure(faults, self.bench, self.harness, notebook=book, watch=lambda _: None, green=False)


@pytest.fixture(scope="module")
def laboratory(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Nothing that earlier tests broke rings any more, and nothing that is broken here will."""
    house.quieten()
    # Other tests of the same machine are busy as well; verdicts are the same with more patience.
    harness, bench = mutate.open_bench(house.settings, slow=3.0)
    measure.require_green(bench, harness)
    yield Laboratory(harness=harness, bench=bench, notes=tmp_path_factory.mktemp("faults"))
    measure.require_green(bench, harness)
    house.quieten()


def _named(ids: tuple[str, ...]) -> list[Fault]:
    return [each for each in FAULTS if each.id in ids]


def test_the_spread_names_faults_of_every_family() -> None:
    """A new family has to send somebody."""
    chosen = _named(SPREAD)

    assert len(SPREAD) == len(chosen)
    assert not {each.family for each in FAULTS if each.kind == "fault"} - {each.family for each in chosen}


@pytest.mark.parametrize("fault", _named(SPREAD), ids=lambda fault: fault.id)
def test_a_fault_is_caught_by_the_right_check(laboratory: Laboratory, fault: Fault) -> None:
    """The named check, the right code, no stray, green again; a benign change raises no alarm."""
    (row,) = laboratory.rows(fault, called=fault.id)

    assert row.exact, row


@pytest.mark.long
@pytest.mark.parametrize("fault", [each for each in FAULTS if each.id not in SPREAD], ids=lambda fault: fault.id)
def test_every_other_fault_is_caught_as_well(laboratory: Laboratory, fault: Fault) -> None:
    """What is planned here and can be staged is caught by the right check."""
    (row,) = laboratory.rows(fault, called=fault.id)

    assert row.exact or row.outcome == "unfit", row
