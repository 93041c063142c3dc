"""Rules that were due long after the last deploy, as CloudFormation and CloudWatch would tell of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit
from checks.twin.faults.staging import told
from checks.twin.faults.words import Fault, View

_FAMILY = "EventBridge schedules"
_DEPLOYED = re.compile(rb"<(CreationTime|LastUpdatedTime)>[^<]*<")
# Longer ago than any rule of a deployment waits.
_LONG_AGO = rb"<\1>2026-01-01T00:00:00.000Z<"


def long_after(counts: dict[str, int], rule: str = "") -> Tamper:
    """The stacks were deployed long ago; *rule* has these *counts*, every other one was called once."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        if visit.service == "cloudformation" and visit.operation == "DescribeStacks":
            return Reply(status=reply.status, headers=reply.headers, body=_DEPLOYED.sub(_LONG_AGO, reply.body))
        if visit.service == "monitoring" and visit.operation == "GetMetricStatistics":
            body = visit.body.decode()
            usual = {"Invocations": 1}
            mine = counts if rule and rule in body else usual
            return reply.amended(_points(next((many for name, many in mine.items() if f'"{name}"' in body), 0)))
        return reply

    return tamper


def _points(many: int) -> Callable[[Any], object]:
    """CloudWatch has no point where a service counted none."""

    def change(answer: Any) -> None:  # noqa: ANN401 - a JSON document
        answer["Datapoints"] = [{"Timestamp": 1767225600, "Sum": many, "Unit": "Count"}] if many else []

    return change


def _of(counts: dict[str, int]) -> Callable[[Bench, Check], Tamper]:
    def made(_: Bench, check: Check) -> Tamper:
        source: Any = check.params["source"]
        return long_after(counts, source.name)

    return made


@contextmanager
def ran(_: Bench) -> Iterator[View]:
    """Every rule did what was due."""
    yield View(aws=long_after({}))


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="EVT-11",
        family=_FAMILY,
        breaks="the rule has not fired for a day",
        promise="schedules.ran",
        stage=told("schedules.ran", _of({})),
        fidelity="patched",
    ),
    Fault(
        id="EVT-12",
        family=_FAMILY,
        breaks="the rule's calls fail",
        promise="schedules.ran",
        stage=told("schedules.ran", _of({"Invocations": 2, "FailedInvocations": 2})),
        fidelity="patched",
    ),
    Fault(
        id="X-B-EVT-01",
        kind="benign",
        family=_FAMILY,
        breaks="the rules ran long after the last deploy",
        stage=ran,
        fidelity="patched",
    ),
)
