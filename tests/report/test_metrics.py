"""A run as metrics: what the text format allows, and what cannot break out of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from checks.report import metrics
from checks.report.json import document
from checks.run import Run
from tests.runs import a_check, a_run, broken

# Exposition formats, text-based format: a comment, or name, labels and value.
_LABEL = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
_LINE = re.compile(rf"# (HELP|TYPE) [a-z_]+ .+|[a-z_]+\{{{_LABEL}(,{_LABEL})*\}} -?[0-9.e+]+")


def values(told: dict[str, Any]) -> dict[str, float]:
    """Each value by its name and labels."""
    lines = metrics.as_prometheus(told).splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


@pytest.mark.parametrize("name", ("everything", "strange"))
def test_every_line_is_of_the_text_format(name: str, request: pytest.FixtureRequest) -> None:
    """Whatever strangers are called: each series once, each name with its type before it."""
    text = metrics.as_prometheus(document(request.getfixturevalue(name)))
    lines = text.splitlines()
    series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]

    assert text.endswith("\n")
    assert [] == [line for line in lines if not _LINE.fullmatch(line)]
    assert sorted(set(series)) == sorted(series)
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert typed == {each.partition("{")[0] for each in series}


def test_the_statuses_sum_to_the_checks(everything: Run) -> None:
    """As in the document."""
    told = values(document(everything))

    total = sum(value for name, value in told.items() if name.startswith("checks_results{"))
    assert len(everything.results) == total
    by_family = sum(value for name, value in told.items() if name.startswith("checks_family_results{"))
    assert len(everything.results) == by_family


def test_the_verdict_and_its_time_can_be_alerted_on() -> None:
    """A run that does not happen any more is seen by its time alone."""
    told = values(document(a_run(a_check(judge=broken))))

    about = 'target="here",door="cli"'
    assert 1 == told[f"checks_exit_code{{{about}}}"]
    assert told[f"checks_finished_timestamp_seconds{{{about}}}"] > 1_700_000_000
    assert f'checks_coverage_rows{{{about},state="verified"}}' not in told


def test_it_is_written_whole(tmp_path: Path) -> None:
    """A collector that reads half a file would count half."""
    metrics.write(a_run(a_check()), tmp_path / "in" / "checks.prom")

    assert ["checks.prom"] == [each.name for each in (tmp_path / "in").iterdir()]
