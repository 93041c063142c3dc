"""Every fault, benign change and meta-fault, in the order of the promises they are about."""

from __future__ import annotations

from checks.twin.faults import (
    absent,
    answers,
    callers,
    consoles,
    data,
    edges,
    files,
    gateway,
    handshakes,
    keeping,
    machine,
    manners,
    names,
    nights,
    overdue,
    pages,
    people,
    resolvers,
    rules,
    suites,
    surroundings,
    walks,
    watch,
    work,
)
from checks.twin.faults.words import Absent, Fault

FAULTS: tuple[Fault, ...] = (
    *names.FAULTS,
    *resolvers.FAULTS,
    *handshakes.FAULTS,
    *suites.FAULTS,
    *edges.FAULTS,
    *pages.FAULTS,
    *answers.FAULTS,
    *gateway.FAULTS,
    *people.FAULTS,
    *walks.FAULTS,
    *manners.FAULTS,
    *consoles.FAULTS,
    *work.FAULTS,
    *overdue.FAULTS,
    *callers.FAULTS,
    *data.FAULTS,
    *rules.FAULTS,
    *files.FAULTS,
    *keeping.FAULTS,
    *watch.FAULTS,
    *surroundings.FAULTS,
    *machine.FAULTS,
    *nights.FAULTS,
)
ABSENT: tuple[Absent, ...] = absent.ABSENT
