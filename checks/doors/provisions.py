"""What a canary takes along: its settings, the plan it holds against what is live, the policy; and a fleet's lists."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from checks.doors import assembly
from checks.nights.fleet import by_account
from checks.permissions import policy
from checks.plan import Plan, as_text
from checks.report import files
from checks.target import Settings, SettingsError

PLAN, POLICY = "plan.json", "policy.json"


def provide(settings: Settings, folder: Path) -> Plan:
    """Write ``<target>.json``, ``plan.json`` and ``policy.json`` into *folder*; gives the plan that was taken.

    The plan is the accepted one. Where what is live has the same digest it is the live one, which knows today's ids.
    Raises SettingsError when the stacks cannot be read: no policy follows from a plan without resources.
    """
    ready = assembly.prepare(settings, assembly.connect(settings))
    if ready.unread:
        raise SettingsError(f"{settings.source}: {ready.unread}; a canary's policy follows from what is deployed")
    reading = [each for each in ready.plan.checks if each.promise.effect == "read"]
    files.put(json.dumps(policy(reading, stacks=ready.stacks), indent=1) + "\n", folder / POLICY)
    files.put(json.dumps(travelling(settings), indent=1) + "\n", folder / f"{settings.name}.json")
    taken = _taken(settings, ready.plan)
    files.put(as_text(taken), folder / PLAN)
    return taken


def muster(fleet: Sequence[Settings], folder: Path) -> int:
    """Write ``targets.json`` and ``accounts.json``, what a fleet's machine reads; gives the number of accounts.

    Raises SettingsError for two targets of one name.
    """
    listed = [{"target": each.name, "settings": travelling(each)} for each in fleet]
    try:
        grouped = by_account(listed)
    except ValueError as reason:
        raise SettingsError(str(reason)) from reason
    for name, value in (("targets.json", listed), ("accounts.json", grouped)):
        files.put(json.dumps(value, indent=1) + "\n", folder / name)
    return len(grouped)


def _taken(settings: Settings, live: Plan) -> Plan:
    accepted = assembly.read_plan(assembly.accepted_file(settings))
    if accepted is None or accepted.digest == live.digest:
        owner, reason = (accepted.accepted_by, accepted.reason) if accepted else ("deploy", "no plan was accepted")
        return assembly.acceptable(live, owner=owner, reason=reason)
    return replace(accepted, source="accepted")


def travelling(settings: Settings) -> Mapping[str, Any]:
    """The settings as they hold inside the function: a twin's network is written out, since only AWS is a place."""
    written = tomllib.loads(Path(settings.source).read_text(encoding="utf-8"))
    told = {key: value for key, value in written.items() if key not in {"twin", "deploy", "canary"}}
    if settings.twin:
        told["network"] = _network_of_twin(settings)
    plain: Mapping[str, Any] = json.loads(json.dumps(told, default=_moment))
    return plain


def _network_of_twin(settings: Settings) -> Mapping[str, Any]:
    from checks import twin

    here = twin.read()
    return {
        "resolver": _address(here.dns),
        "resolvers": list(settings.resolvers),
        "ca_bundle": str(here.ca_bundle),
        "connect": {_address(there): _address(place) for there, place in here.connect.items()},
    }


def _address(place: tuple[str, int]) -> str:
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _moment(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"a settings file holds no {type(value).__name__}")
