"""Every fault, benign change and meta-fault, in the order of the promises they are about."""

from __future__ import annotations

from checks.twin.faults import (
    absent,
    answers,
    data,
    edges,
    files,
    handshakes,
    machine,
    names,
    people,
    surroundings,
    watch,
    work,
)
from checks.twin.faults.words import Absent, Fault

FAULTS: tuple[Fault, ...] = (
    *names.FAULTS,
    *handshakes.FAULTS,
    *edges.FAULTS,
    *answers.FAULTS,
    *people.FAULTS,
    *work.FAULTS,
    *data.FAULTS,
    *files.FAULTS,
    *watch.FAULTS,
    *surroundings.FAULTS,
    *machine.FAULTS,
)
ABSENT: tuple[Absent, ...] = absent.ABSENT
