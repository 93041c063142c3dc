"""Many targets in one night: which of them go together, and what came of all of them. Pure.

The quotas that bound a fleet are those of one account and region, not of compute: so an account's targets take turns
within it, and the accounts go side by side.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from checks.report.text import plain

Item = Mapping[str, Any]
State = Literal["kept", "broken", "unseen", "void", "unreachable", "lost"]

STATES: tuple[State, ...] = ("kept", "broken", "unseen", "void", "unreachable", "lost")
_CODES: Mapping[State, int] = {"kept": 0, "broken": 1, "unseen": 2, "unreachable": 2, "lost": 3, "void": 3}
# What Step Functions hands from one state to the next is at most 256 KiB; each target has its share of it.
_LONGEST = 300
_MOST_ROOTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one target. *says* is the reason where there is no verdict."""

    target: str
    account: str
    state: State
    roots: tuple[str, ...] = ()
    says: str = ""
    seconds: float = 0.0
    aws_calls: int = 0
    cost_usd: float = 0.0


def by_account(targets: Sequence[Item]) -> list[dict[str, Any]]:
    """The items of the map over accounts: each account once, with its targets. Raises ValueError for a name twice."""
    names = Counter(str(each["target"]) for each in targets)
    twice = sorted(name for name, many in names.items() if many > 1)
    if twice:
        raise ValueError(f"fleet: {', '.join(twice)} is listed twice; each target needs a name of its own")
    grouped: dict[str, list[Item]] = defaultdict(list)
    for each in targets:
        grouped[str(each["settings"].get("account", {}).get("id", ""))].append(each)
    return [{"account": account, "targets": listed} for account, listed in grouped.items()]


def at_once(*, quota: float, calls: float, seconds: float) -> int:
    """How many runs one account and region bear side by side, when one makes *calls* of an API in *seconds*.

    *quota* is that API's calls a second. At least one: alone, a run paces itself.
    """
    return max(1, int(quota * seconds / max(calls, 1)))


def short(item: Item, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a run hands back into the fleet: little enough for thousands of them."""
    roots = [each["name"] for each in told.get("roots", [])]
    unread = any("could not be read" in each for each in told.get("notes", []))
    counts = told.get("counts", {})
    blind = unread and not counts.get("fail")
    return {
        "target": item["target"],
        "verdict": "unreachable" if blind and told.get("verdict") == "unseen" else told.get("verdict", "void"),
        "roots": roots[:_MOST_ROOTS],
        "says": "; ".join([*told.get("void", []), *told.get("notes", [])])[:_LONGEST],
        "seconds": told.get("cost", {}).get("seconds", 0.0),
        "aws_calls": told.get("aws_calls", 0),
        "cost_usd": told.get("cost", {}).get("usd", 0.0),
    }


def failed(item: Item, state: State, says: str) -> dict[str, Any]:
    """What is handed back where there is no run document to be short about."""
    return {"target": item["target"], "verdict": state, "says": says[:_LONGEST]}


def merge(targets: Sequence[Item], answers: Iterable[Mapping[str, Any]]) -> tuple[Outcome, ...]:
    """One outcome for each target that was listed, in that order; one without an answer is lost, and is said to be."""
    told = {str(each["target"]): each for each in answers if "target" in each}
    return tuple(_outcome(each, told.get(str(each["target"]))) for each in targets)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 when any is broken, else 3 when any proves nothing, was lost, or none was listed, else 2 when any is unseen."""
    codes = {_CODES[each.state] for each in outcomes}
    return 3 if not outcomes else next((code for code in (1, 3, 2) if code in codes), 0)


def as_json(outcomes: Sequence[Outcome], *, run_id: str) -> dict[str, Any]:
    """The fleet's report, schema 1."""
    counts = Counter(each.state for each in outcomes)
    return {
        "schema": 1,
        "kind": "fleet",
        "run_id": run_id,
        "exit_code": exit_code(outcomes),
        "counts": {state: counts[state] for state in STATES},
        "aws_calls": sum(each.aws_calls for each in outcomes),
        "seconds": round(sum(each.seconds for each in outcomes), 3),
        "cost_usd": round(sum(each.cost_usd for each in outcomes), 9),
        "targets": [
            {
                "target": each.target,
                "account": each.account,
                "state": each.state,
                "roots": list(each.roots),
                "says": each.says,
            }
            for each in outcomes
        ],
    }


def as_text(outcomes: Sequence[Outcome]) -> str:
    """What is not kept, the gravest first, and the sum of all."""
    order: tuple[State, ...] = ("broken", "void", "lost", "unreachable", "unseen")
    lines = []
    for state in order:
        for each in (one for one in outcomes if one.state == state):
            why = ", ".join(each.roots) or each.says
            lines.append(f"{state.upper():<11}  {plain(each.target)}  {each.account}  {plain(why)[:_LONGEST]}")
    counts = Counter(each.state for each in outcomes)
    summed = " · ".join(f"{counts[state]} {state}" for state in STATES if counts[state] or state == "kept")
    spent = f"{sum(each.aws_calls for each in outcomes)} AWS calls, ${sum(each.cost_usd for each in outcomes):.4f}"
    return "\n".join([*lines, f"fleet        {len(outcomes)} targets: {summed}", f"cost         {spent}"]) + "\n"


def _outcome(item: Item, answer: Mapping[str, Any] | None) -> Outcome:
    account = str(item["settings"].get("account", {}).get("id", ""))
    if answer is None:
        return Outcome(target=item["target"], account=account, state="lost", says="no answer came back")
    state: State = answer["verdict"] if answer["verdict"] in STATES else "void"
    return Outcome(
        target=item["target"],
        account=account,
        state=state,
        roots=tuple(answer.get("roots", ())),
        says=plain(str(answer.get("says", "")))[:_LONGEST],
        seconds=float(answer.get("seconds", 0.0)),
        aws_calls=int(answer.get("aws_calls", 0)),
        cost_usd=float(answer.get("cost_usd", 0.0)),
    )
