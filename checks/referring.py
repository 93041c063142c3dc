"""Where to read on: a remedy ends with the place in a runbook that the settings name for its check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from checks.model import Result


def referred(results: tuple[Result, ...], runbook: Mapping[str, str]) -> tuple[Result, ...]:
    """The results, those that did not pass with their place in the *runbook*: patterns of names to places.

    The first pattern that fits counts, so that a special case stands before the general one.
    """
    return tuple(_referred(each, runbook) if each.status != "pass" else each for each in results)


def _referred(result: Result, runbook: Mapping[str, str]) -> Result:
    promise = result.name.partition("[")[0]
    place = next((there for pattern, there in runbook.items() if fnmatchcase(promise, pattern)), None)
    if place is None:
        return result
    told = f"{result.remedy.rstrip('.')}; " if result.remedy else ""
    return replace(result, remedy=f"{told}runbook: {place}")
