"""The frozen list of checks of a target: made once, digested, stored, read back, compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import timedelta
from typing import Any, Literal

from checks import codec
from checks.frozen import dataclass
from checks.model import Check, Place, Promise
from checks.naming import fits

SCHEMA = 1

# Promises about the plan itself: they come and go with what was accepted, so they are not part of its digest.
# What is asked of one release is asked by whoever names it.
ABOUT_THE_PLAN = frozenset({"stack.plan", "stack.plan_digest", "api.release", "release.site", "release.function"})


_SEVERITY = "severity="


class PlanError(ValueError):
    """A plan cannot be made or read; says what was found and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The checks of one target, in the order a person would ask them, each name once.

    *source* says where it came from: the live stacks, or the last accepted plan because these could not be read.
    """

    target: str
    account: str
    regions: tuple[str, ...]
    checks: tuple[Check, ...]
    source: Literal["live", "accepted"] = "live"
    accepted_by: str = ""
    reason: str = ""
    digest: str = field(default="")

    def only(self, patterns: Sequence[str]) -> Plan:
        """The same plan with just the checks whose names match one of *patterns* (``*`` matches anything).

        ``severity=critical`` among them keeps of those, or of all where it stands alone, the critical ones.
        """
        severities = {each.removeprefix(_SEVERITY) for each in patterns if is_severity(each)}
        names = [each for each in patterns if not is_severity(each)]
        fitting = fits(names)
        kept = (
            each
            for each in self.checks
            if (not severities or each.severity in severities) and (fitting(each.name) or (severities and not names))
        )
        return replace(self, checks=tuple(kept))


def is_severity(pattern: str) -> bool:
    """Whether a pattern of a selection names a severity instead of checks."""
    return pattern.startswith(_SEVERITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a live plan differs from the accepted one, as check names."""

    missing: tuple[str, ...]
    weakened: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]


def freeze(
    checks: Iterable[Check],
    *,
    target: str,
    account: str,
    regions: Sequence[str],
    source: Literal["live", "accepted"] = "live",
) -> Plan:
    """Make a plan. Raises PlanError when two checks share a name, naming what both of them cover."""
    frozen = tuple(checks)
    by_name: dict[str, Check] = {}
    for check in frozen:
        twin = by_name.setdefault(check.name, check)
        if twin is not check:
            both = f"one covers {_where(twin.place)}, the other {_where(check.place)}"
            raise PlanError(f"two checks are called {check.name}: {both}; give one of them a construct path of its own")
    return Plan(
        target=target,
        account=account,
        regions=tuple(regions),
        checks=frozen,
        source=source,
        digest=_digest(frozen),
    )


def fingerprint(check: Check) -> str:
    """What must not change unseen about a check: its name, its weight, and the limits it judges by.

    Parameters that follow the template (names, settings, ids) are left out: they change with every good release,
    and a fresh deployment has other ids. Durations are limits.
    """
    limits = {key: value for key, value in check.params.items() if isinstance(value, timedelta)}
    return codec.digest([check.name, check.severity, check.promise.effect, limits])[:16]


def compare(live: Plan, accepted: Plan) -> Difference:
    """What *live* lost, weakened, gained and changed against *accepted*."""
    now = {check.name: check for check in live.checks}
    then = {check.name: check for check in accepted.checks}
    both = [name for name in then if name in now]
    weakened = tuple(n for n in both if then[n].severity == "critical" and now[n].severity == "warning")
    return Difference(
        missing=tuple(name for name in then if name not in now),
        weakened=weakened,
        added=tuple(name for name in now if name not in then and now[name].promise.name not in ABOUT_THE_PLAN),
        changed=tuple(n for n in both if n not in weakened and fingerprint(now[n]) != fingerprint(then[n])),
    )


def to_json(plan: Plan) -> dict[str, Any]:
    """The stored form: everything it takes to run these checks again without reading a template."""
    return {
        "schema": SCHEMA,
        "target": plan.target,
        "account": plan.account,
        "regions": list(plan.regions),
        "digest": plan.digest,
        "accepted_by": plan.accepted_by,
        "reason": plan.reason,
        "checks": [_entry(check) for check in plan.checks],
    }


def as_text(plan: Plan) -> str:
    """The stored form as JSON text with one line for each check, so that a review shows which of them changed."""
    head = {key: value for key, value in to_json(plan).items() if key != "checks"}
    lines = ",\n  ".join(json.dumps(_entry(check), ensure_ascii=True) for check in plan.checks)
    return f'{json.dumps(head, indent=1, ensure_ascii=True)[:-2]},\n "checks": [\n  {lines}\n ]\n}}\n'


def from_json(stored: Mapping[str, Any], promises: Mapping[str, Promise[Any]]) -> Plan:
    """Read a stored plan, binding each entry to its promise.

    Raises PlanError for another schema, an entry that cannot be read, a promise that this release does not know,
    or a digest that does not fit the checks.
    """
    if stored.get("schema") != SCHEMA:
        msg = f"plan: expected schema {SCHEMA}, found {stored.get('schema')!r}; make it again with `plan --accept`"
        raise PlanError(msg)
    try:
        checks = [_bind(entry, promises) for entry in stored["checks"]]
        plan = freeze(
            checks,
            target=stored["target"],
            account=stored["account"],
            regions=stored["regions"],
            source="accepted",
        )
    except (KeyError, TypeError, AttributeError, codec.NotReadable) as error:
        msg = f"plan: cannot be read ({type(error).__name__}: {error}); make it again with `plan --accept`"
        raise PlanError(msg) from error
    if plan.digest != stored.get("digest"):
        both = f"its digest is {stored.get('digest')!r} and its checks give {plan.digest!r}"
        raise PlanError(f"plan: {both}; it was edited by hand or cut short: make it again with `plan --accept`")
    return replace(plan, accepted_by=str(stored.get("accepted_by", "")), reason=str(stored.get("reason", "")))


def _digest(checks: Sequence[Check]) -> str:
    return codec.digest(sorted(fingerprint(each) for each in checks if each.promise.name not in ABOUT_THE_PLAN))


def _entry(check: Check) -> dict[str, Any]:
    place = codec.encode(check.place)
    return {
        "name": check.name,
        "promise": check.promise.name,
        "severity": check.severity,
        "place": {key: value for key, value in place.items() if key not in {"type", "v"}},
        "params": codec.encode(check.params),
        "actions": sorted(check.promise.actions),
    }


def _bind(entry: Mapping[str, Any], promises: Mapping[str, Promise[Any]]) -> Check:
    known = promises.get(entry["promise"])
    if known is None:
        msg = f"plan: {entry['name']} is bound to the promise {entry['promise']!r}, which this release does not have"
        raise PlanError(msg)
    place = codec.decode(Place, {"type": "Place", "v": 1, **entry["place"]}, where=f"{entry['name']}.place")
    check = known(place, **codec.decode_params(known.bind, entry["params"]))
    return replace(check, severity=entry["severity"])


def _where(place: Place) -> str:
    return f"{', '.join(place.covers) or place.subject} in {place.stack or 'no stack'}"
