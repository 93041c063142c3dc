"""The way in for programs: settings in, values out; nothing is printed and nobody exits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from checks.coverage import Coverage
from checks.doors import assembly
from checks.doors.options import selection
from checks.model import CannotLook, Check, Target
from checks.permissions import policy
from checks.plan import Plan, freeze
from checks.run import Progress, Run
from checks.target import Settings, find, read


def verify(
    target: str | Path | Settings,
    *,
    only: Sequence[str] = (),
    severity: Literal["critical", "warning"] | None = None,
    wait: timedelta | None = None,
    release: str = "",
    strict: bool = False,
    more: Callable[[Target], Iterable[Check]] | None = None,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Run:
    """Look at everything that is planned for *target* and judge it, as ``python -m checks verify`` does.

    *target* is a settings file, the name of one, or settings. *more* gives checks of your own for the resolved target;
    they are planned behind all others. *watch* is told of each result as it comes in. Raises SettingsError, PlanError,
    and ValueError when a check of yours bears a name that is taken.
    """
    ready = _ready(target, release=release)
    if more is not None and ready.target is not None:
        ready = replace(ready, plan=_with(ready.plan, more(ready.target)))
    wishes = assembly.Wishes(
        door="cli", release=release, selection=selection(only, severity), wait=wait, strict=strict, watch=watch
    )
    return assembly.run(ready, wishes)


def planned(target: str | Path | Settings) -> Plan:
    """The frozen plan of *target*; the last accepted one where the stacks cannot be read."""
    ready = _ready(target)
    ready.pool.close()
    return ready.plan


def covered(target: str | Path | Settings) -> Coverage:
    """What the plan of *target* proves of it. Raises CannotLook where the stacks cannot be read."""
    ready = _ready(target)
    ready.pool.close()
    if ready.coverage is None:
        raise CannotLook(ready.unread)
    return ready.coverage


def needed(target: str | Path | Settings) -> dict[str, object]:
    """The IAM policy with which exactly the plan of *target* can run. Raises CannotLook as ``covered`` does."""
    ready = _ready(target)
    ready.pool.close()
    if not ready.stacks:
        raise CannotLook(ready.unread or "settings name no stack, so nothing of AWS is asked")
    return policy(ready.plan.checks, stacks=ready.stacks)


def _ready(target: str | Path | Settings, *, release: str = "") -> assembly.Ready:
    settings = target if isinstance(target, Settings) else read(find(str(target)))
    return assembly.prepare(settings, assembly.connect(settings), release=release)


def _with(plan: Plan, more: Iterable[Check]) -> Plan:
    every = freeze((*plan.checks, *more), target=plan.target, account=plan.account, regions=plan.regions)
    return replace(plan, checks=every.checks, digest=every.digest)
