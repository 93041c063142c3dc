"""A run as metrics for Prometheus: the text that its node exporter's textfile collector reads.

Source: Prometheus documentation, "Exposition formats", text-based format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from checks.coverage import STATES
from checks.model import STATUSES
from checks.report import files
from checks.report.json import document as document_of
from checks.report.story import Document
from checks.report.text import plain
from checks.run import Run

_Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gauge:
    """One metric: every value of it, with what tells that value apart."""

    name: str
    help: str
    values: tuple[tuple[_Labels, float], ...]


def as_prometheus(document: Document) -> str:
    """Gauges alone: a run is a state, and whoever scrapes counts. Each is labelled with its target and its door.

    ``checks_exit_code`` is the verdict; alert on ``checks_exit_code != 0`` and on
    ``time() - checks_finished_timestamp_seconds``, since a run that does not happen says nothing by itself.
    """
    about = (("target", document["target"]), ("door", document["door"]))
    lines = [line for each in _gauges(document) for line in _lines(each, about)]
    return "\n".join(lines) + "\n"


def write(run: Run, path: Path) -> None:
    """Write the metrics whole or not at all, as the textfile collector needs it."""
    files.put(as_prometheus(document_of(run)), path)


def _gauges(document: Document) -> Iterator[_Gauge]:
    counts, started, finished = document["counts"], *(_moment(document[key]) for key in ("started", "finished"))
    yield _one("checks_exit_code", "0 kept, 1 broken, 2 unseen, 3 void, 130 interrupted.", document["exit_code"])
    yield _one("checks_finished_timestamp_seconds", "When the run ended, in seconds since 1970.", finished)
    yield _one("checks_run_duration_seconds", "How long the run took.", finished - started)
    yield _one("checks_aws_calls", "How often AWS was asked.", document["aws_calls"])
    yield _Gauge(
        name="checks_results",
        help="Results by status; these five sum to the number of checks.",
        values=tuple(((("status", each),), counts[each]) for each in STATUSES),
    )
    yield _one("checks_recovered", "Checks that passed only on a later look.", counts["recovered"])
    yield _one("checks_waived", "Results that are no pass and that somebody decided to live with.", counts["waived"])
    yield _one("checks_not_from_here", "Checks that this place cannot make.", len(document["not_from_here"]))
    yield _families(document)
    yield _of_controls(document)
    if document["coverage"] is not None:
        yield _Gauge(
            name="checks_coverage_rows",
            help="Resources and hops by what proves them.",
            values=tuple(((("state", each),), document["coverage"][each]) for each in STATES),
        )


def _families(document: Document) -> _Gauge:
    many: Counter[tuple[str, str, str]] = Counter()
    for each in document["results"]:
        waived = "waived" if each["waiver"] is not None else each["status"]
        many[each["family"], each["severity"], waived] += 1
    values = tuple(
        ((("family", family), ("severity", severity), ("status", status)), number)
        for (family, severity, status), number in sorted(many.items())
    )
    return _Gauge(name="checks_family_results", help="Results by family, severity and status.", values=values)


def _of_controls(document: Document) -> _Gauge:
    many: Counter[tuple[str, str]] = Counter((each["instrument"], each["status"]) for each in document["controls"])
    values = tuple(
        ((("instrument", instrument), ("status", status)), number)
        for (instrument, status), number in sorted(many.items())
    )
    return _Gauge(name="checks_controls", help="Proofs of the instruments by what became of them.", values=values)


def _one(name: str, says: str, value: float) -> _Gauge:
    return _Gauge(name=name, help=says, values=(((), value),))


def _lines(gauge: _Gauge, about: _Labels) -> Iterator[str]:
    if gauge.values:
        yield f"# HELP {gauge.name} {gauge.help}"
        yield f"# TYPE {gauge.name} gauge"
    for labels, value in gauge.values:
        yield f"{gauge.name}{{{_labelled((*about, *labels))}}} {value:.15g}"


def _labelled(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)


def _escaped(text: str) -> str:
    """A label's value: a backslash, a quote or a line break in it would end it."""
    return plain(text).replace("\\", "\\\\").replace('"', '\\"')


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
