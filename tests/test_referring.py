"""Where to read on: behind the remedy of what did not pass, by the first pattern that fits."""

from __future__ import annotations

from checks.referring import referred
from tests.runs import a_check, a_run, broken

BOOK = {"tables.pitr": "book#recovery", "tables.*": "book#tables"}


def test_the_first_pattern_that_fits_is_told() -> None:
    """A special case stands before the general one; a promise that none fits keeps its remedy as it is."""
    names = ("tables.pitr[Users]", "tables.present[Users]", "queues.present[Work]")
    run = a_run(*(a_check(name, judge=broken) for name in names))

    assert ["mend it; runbook: book#recovery", "mend it; runbook: book#tables", "mend it"] == [
        each.remedy for each in referred(run.results, BOOK)
    ]


def test_what_passed_needs_no_place() -> None:
    """Nor does anything where no settings name one."""
    well, ill = a_run(a_check()).results, a_run(a_check(judge=broken)).results

    assert well == referred(well, BOOK)
    assert ill == referred(ill, {})
