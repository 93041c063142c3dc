from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from checks.blocking import Dependency
from checks.model import CannotLook, Check, Control, Verdict, Waiver
from checks.run import Run
from tests.runs import NOON, Flaky, a_check, a_control, a_run, broken, settling

# A stranger's text: terminal commands, text that runs backwards, what XML cannot hold, half a character, and length.
HOSTILE = "\x1b[31m\x1b]0;pwned\x07 \x00 \u202e\u200f \ufffe \ud800 ]]> <script>&amp;\"' \r\n" + "9" * 10_000
ROOT = "tables.pitr[Users]"
BEHIND = tuple(f"backups.lag[Users{at}]" for at in range(8))


def hostile(_seen: object = None, _now: object = None) -> Verdict:
    """A judge that repeats what a stranger said."""
    return Verdict.failed(expected=HOSTILE, actual=HOSTILE, remedy=HOSTILE)


def blind(_: object) -> object:
    """A look that cannot."""
    raise CannotLook("AccessDenied", final=True)


def of_everything(*more: Check, controls: Sequence[Control] = (), **terms: Any) -> Run:  # noqa: ANN401 - Terms
    """A run with one of each: a root with eight behind it, an unknown, one that settles, a warning, a waived one."""
    waiver = Waiver(check="tls.*", owner="platform", reason="moving", expires=NOON + timedelta(days=1))
    return a_run(
        a_check(),
        a_check("dns.negative[shop.test]", judge=broken, severity="warning"),
        a_check("functions.ready[Api]", look=blind),
        a_check("stack.status[Main]", judge=settling),
        a_check(ROOT, judge=broken),
        *(a_check(name, judge=broken) for name in BEHIND),
        a_check("tls.expiry[shop.test]", judge=broken),
        a_check("identity.caller[1]", look=Flaky()),
        *more,
        controls=controls,
        dependencies=(Dependency("backups.lag[*]", "tables.pitr[*]"),),
        waivers=(waiver,),
        retries=1,
        **terms,
    )


@pytest.fixture
def everything() -> Run:
    """One of each."""
    return of_everything(controls=(a_control(),))


@pytest.fixture
def strange() -> Run:
    """A run in which every text is a stranger's."""
    check = a_check("tables.pitr[" + HOSTILE[:40] + "]", judge=hostile)
    promise = replace(check.promise, says=HOSTILE)
    return a_run(
        replace(check, promise=promise),
        a_check("tables.keys[Users]", judge=hostile, severity="warning"),
        a_check("tables.billing[Users]", judge=hostile),
        controls=(a_control(HOSTILE, look=lambda _: (False, HOSTILE)),),
        waivers=(Waiver(check="tables.billing*", owner=HOSTILE, reason=HOSTILE, expires=NOON + timedelta(days=1)),),
        notes=(HOSTILE,),
        selection=("tables.*",),
    )
