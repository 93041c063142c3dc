"""Schemathesis at the twin's edge: `python -m tests.deployed.fuzzing run …`, with what its command takes.

All checks are on. What they cannot know of this API is in the one table below: each line is a check that is asked
otherwise, of which operations, and why.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis.cli import schemathesis as command
from urllib3.util import connection

Case = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """A check that is configured differently: for which operations, how (`apply` changes a case), and why."""

    check: str
    operations: str
    reason: str
    apply: Callable[[Case], None]


def _without_cursor(case: Case) -> None:
    (case.query or {}).pop("cursor", None)


def _with_a_key_of_its_own(case: Case) -> None:
    headers: MutableMapping[str, str] = case.headers or {}
    for name in [each for each in headers if each.lower() == "idempotency-key"]:
        headers[name] = str(uuid4())


def _with_whole_numbers(case: Case) -> None:
    if isinstance(case.body, dict):
        case.body = {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in case.body.items()
        }


def _with_days_in_order(case: Case) -> None:
    if isinstance(case.body, dict) and (days := sorted(case.body[name] for name in _DAYS if _is_text(case.body, name))):
        case.body |= dict(zip(_DAYS, (days[0], days[-1]), strict=True))


def _is_text(body: dict[str, Any], name: str) -> bool:
    return isinstance(body.get(name), str)


_DAYS = ("startDate", "completionDate")
# Applied to cases that the API has to accept; what it has to refuse is sent as it was made.
EXEMPTIONS: tuple[Exemption, ...] = (
    Exemption(
        check="positive_data_acceptance",
        operations="GET of every list",
        reason="a cursor is signed: no text but one of ours is right, and no schema can say so",
        apply=_without_cursor,
    ),
    Exemption(
        check="positive_data_acceptance",
        operations="POST with Idempotency-Key",
        reason="a key that was used belongs to that request, and is 422 with another; each case gets its own",
        apply=_with_a_key_of_its_own,
    ),
    Exemption(
        check="positive_data_acceptance",
        operations="POST, PUT, PATCH with whole numbers",
        reason="to JSON Schema 100.0 is an integer; an amount written so is refused here",
        apply=_with_whole_numbers,
    ),
    Exemption(
        check="positive_data_acceptance",
        operations="POST and PATCH of jobs with days",
        reason="no schema can say that one day is not before the other, nor before the one that the job has",
        apply=_with_days_in_order,
    ),
)
# The fifth, `unsupported_method` everywhere: CloudFront answers other methods than these itself, with 403 and a page
# of its own, and no setting of a distribution changes that.
PASSED_ON = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"})


def hook() -> None:
    """Let the exemptions act on every case."""

    @schemathesis.hook
    def before_call(_context: Any, case: Case, _kwargs: dict[str, Any]) -> None:  # noqa: ANN401 - schemathesis's own
        if case.meta is None or case.meta.generation.mode.is_positive:
            for exemption in EXEMPTIONS:
                exemption.apply(case)

    @schemathesis.hook
    def filter_case(_context: Any, case: Case) -> bool:  # noqa: ANN401 - schemathesis's own
        return case.method.upper() in PASSED_ON


def dial(place: tuple[str, int]) -> None:
    """Connect to `place` whatever host is asked for, as `curl --connect-to` does."""
    original = connection.create_connection

    def create_connection(_address: tuple[str, int], *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - urllib3's own
        return original(place, *rest, **named)

    connection.create_connection = create_connection  # type: ignore[assignment] # its parameters are handed on


if __name__ == "__main__":
    host, port = os.environ["TWIN_EDGE"].rsplit(":", 1)
    dial((host, int(port)))
    hook()
    sys.exit(command())
