"""Judge again what a run document recorded: the same evidence, without looking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from checks import codec
from checks.model import CannotLook, Check, Place, Promise, Sight
from checks.plan import Plan, PlanError, freeze
from checks.world.ports import World


def recorded_plan(stored: Mapping[str, Any], promises: Mapping[str, Promise[Any]]) -> Plan:
    """The plan of a stored run whose looks hand back what was recorded then.

    A check that saw nothing (unknown) raises CannotLook again, with the reason it gave. Raises PlanError for another
    schema, a promise that this release does not have, or evidence of a version that it does not read.
    """
    if stored.get("schema") != 1:
        msg = f"run document: expected schema 1, found {stored.get('schema')!r}"
        raise PlanError(msg)
    try:
        checks = [_recorded(each, promises) for each in stored["results"]]
        frozen = freeze(checks, target=stored["target"], account=stored["account"], regions=stored["regions"])
    except (KeyError, TypeError, AttributeError, codec.NotReadable) as error:
        msg = f"run document: cannot be read ({type(error).__name__}: {error})"
        raise PlanError(msg) from error
    return replace(frozen, source=stored["plan"]["source"])


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
    sight = Sight(look=_hand_back(evidence, result["actual"]), judge=lambda seen, _: check.sight.judge(seen, when))
    return replace(check, severity=result["severity"], sight=sight)


def _hand_back(evidence: object, reason: str) -> Any:  # noqa: ANN401 - a look
    def look(_: World) -> object:
        if evidence is None:
            raise CannotLook(reason.removeprefix("could not look: "), final=True)
        return evidence

    return look
