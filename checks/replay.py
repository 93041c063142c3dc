"""Judge again what a run document recorded: the same evidence, without looking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from checks import codec, coverage
from checks.blocking import Dependency
from checks.model import CannotLook, Check, Control, Place, Promise, Sight, Waiver
from checks.plan import Plan, PlanError, freeze
from checks.run import Budget, Terms
from checks.vantage import Beyond
from checks.world.ports import World
from checks.world.pretend import PretendClock, pretend_world


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A recorded run, ready to be judged again."""

    plan: Plan
    world: World
    terms: Terms


def recorded(
    stored: Mapping[str, Any],
    promises: Mapping[str, Promise[Any]],
    *,
    dependencies: Sequence[Dependency],
    deadline: timedelta,
) -> Replay:
    """What a run document recorded, in a shape that can be run: looks and controls hand back what was seen then.

    A check that saw nothing raises CannotLook again, with the reason it gave. Raises PlanError for another schema, a
    document that is not whole, a promise that this release does not have, and evidence of a version that it does not
    read.
    """
    if stored.get("schema") != 1:
        raise PlanError(f"run document: expected schema 1, found {stored.get('schema')!r}")
    try:
        when = codec.decode(datetime, stored["started"], where="started")
        selection = stored["selection"]
        terms = Terms(
            door=stored["door"],
            budget=Budget(deadline=deadline, wait=timedelta(0), retries=0),
            controls=tuple(_control(each) for each in stored["controls"]),
            dependencies=tuple(dependencies),
            waivers=tuple({_waiver(each["waiver"]) for each in stored["results"] if each["waiver"]}),
            selection=None if selection is None else tuple(selection),
            release=stored["release"],
            strict=stored["strict"],
            notes=(f"replayed from run {stored['run_id']}",),
            quiet=(stored.get("suppressed") or {}).get("why", ""),
            beyond=tuple(Beyond(check=each["name"], needs=each["needs"]) for each in stored["not_from_here"]),
            coverage=coverage.from_json(stored.get("coverage")),
            owners={each["name"]: each["owner"] for each in stored["results"] if each.get("owner")},
        )
        checks = [_recorded(each, promises) for each in stored["results"]]
        plan = freeze(checks, target=stored["target"], account=stored["account"], regions=stored["regions"])
        plan = replace(plan, source=stored["plan"]["source"], digest=stored["plan"]["digest"])
    except (KeyError, TypeError, AttributeError, codec.NotReadable) as error:
        raise PlanError(f"run document: cannot be read ({type(error).__name__}: {error})") from error
    return Replay(plan=plan, world=pretend_world(clock=PretendClock(when)), terms=terms)


def _recorded(result: Mapping[str, Any], promises: Mapping[str, Promise[Any]]) -> Check:
    name = result["name"].partition("[")[0]
    known = promises.get(name)
    if known is None:
        msg = f"run document: {result['name']} is of the promise {name!r}, which this release does not have"
        raise PlanError(msg)
    place = Place(
        subject=result["subject"],
        stack=result["stack"],
        region=result["region"],
        covers=tuple(result["covers"]),
    )
    check = known(place, **codec.decode_params(known.bind, result["params"]))
    evidence = codec.decode_evidence(result["evidence"])
    when = codec.decode(datetime, result["started"], where=f"{name}.started")
    reason = _Defect if result["harness_error"] else _unseen
    sight = Sight(
        look=_hand_back(evidence, reason(result["actual"].removeprefix("could not look: "))),
        judge=lambda seen, _: check.sight.judge(seen, when),
    )
    return replace(check, severity=result["severity"], sight=sight)


class _Defect(Exception):
    """A defect of the harness in the recorded run, which proves as little today."""


def _unseen(reason: str) -> CannotLook:
    return CannotLook(reason, final=True)


def _hand_back(evidence: object, reason: Exception) -> Callable[[World], object]:
    def look(_: World) -> object:
        if evidence is None:
            raise reason
        return evidence

    return look


def _control(stored: Mapping[str, Any]) -> Control:
    def look(_: World) -> tuple[bool, str]:
        if stored["status"] == "unseen":
            raise CannotLook(stored["actual"].removeprefix("could not look: "), final=True)
        return stored["status"] == "held", stored["actual"]

    return Control(
        name=stored["name"],
        instrument=stored["instrument"],
        known=stored["known"],
        expected=stored["expected"],
        look=look,
    )


def _waiver(stored: Mapping[str, Any]) -> Waiver:
    expires = codec.decode(datetime, stored["expires"], where="waiver.expires")
    return Waiver(check=stored["check"], owner=stored["owner"], reason=stored["reason"], expires=expires)
