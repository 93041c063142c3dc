"""Every fault, benign change and meta-fault, in the order of the promises they are about."""

from __future__ import annotations

from checks.twin.faults import data, handshakes, names
from checks.twin.faults.words import Absent, Fault

FAULTS: tuple[Fault, ...] = (*names.FAULTS, *handshakes.FAULTS, *data.FAULTS)
ABSENT: tuple[Absent, ...] = ()
