"""Whether a release may go on: the policy as a table, and what it says of a run. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from checks.model import Severity, Status
from checks.nights.silence import Recency

Phase = Literal["before", "after"]
Action = Literal["open", "warn", "hold", "block", "roll_back"]
Document = Mapping[str, Any]

PHASES: tuple[Phase, ...] = ("before", "after")

# From the mildest to the gravest; the gravest that any result asks for is what happens.
ACTIONS: tuple[Action, ...] = ("open", "warn", "hold", "block", "roll_back")

# severity, status, before users see the release, after they do.
POLICY: tuple[tuple[Severity, Status, Action, Action], ...] = (
    ("critical", "fail", "block", "roll_back"),
    ("critical", "unknown", "hold", "hold"),
    ("critical", "not_yet", "hold", "hold"),
    # What a failed root explains is decided by the root; without one it could not be decided.
    ("critical", "blocked", "hold", "hold"),
    ("critical", "pass", "open", "open"),
    ("warning", "fail", "warn", "warn"),
    ("warning", "unknown", "warn", "warn"),
    ("warning", "not_yet", "warn", "warn"),
    ("warning", "blocked", "warn", "warn"),
    ("warning", "pass", "open", "open"),
)
# A broken instrument is no reason to take a good release back, and none to let one through.
_VOID: Mapping[Phase, Action] = {"before": "block", "after": "hold"}
_SILENT: Mapping[Phase, Action] = {"before": "block", "after": "hold"}
_CODES: Mapping[Action, int] = {"open": 0, "warn": 0, "hold": 2, "block": 1, "roll_back": 1}
MEANINGS: Mapping[Action, str] = {
    "open": "the release may go on",
    "warn": "the release may go on, and somebody should read the warnings",
    "hold": "the release waits: something critical could not be decided",
    "block": "the release must not go out",
    "roll_back": "the release must be taken back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Somebody's decision to release although the nightly run is missing, void, partial or old."""

    owner: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that asked for *action*: a check with its line of the table, the run itself, or the dead man."""

    action: Action
    what: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate says. *exit_code* is that of the contract: 0 open, 1 refused, 2 undecided, 3 nothing proven."""

    phase: Phase
    action: Action
    exit_code: int
    reasons: tuple[Reason, ...]
    recency: Recency | None = None
    override: Override | None = None


def decide(
    document: Document, *, phase: Phase, recency: Recency | None = None, override: Override | None = None
) -> Decision:
    """What the table says of a run document. *recency* is None where nobody asked for a recent nightly run."""
    reasons = [Reason(action=_VOID[phase], what="run", says=each) for each in document["void"]]
    if document["selection"] is not None or document["interrupted"]:
        reasons.append(Reason(action="hold", what="run", says="only a whole run opens the gate"))
    if recency is not None and not recency.holds and override is None:
        reasons.append(Reason(action=_SILENT[phase], what="nightly", says=recency.says))
    elif recency is not None and not recency.holds and override is not None:
        says = f"{recency.says}; overridden by {override.owner}: {override.reason}"
        reasons.append(Reason(action="warn", what="nightly", says=says))
    reasons += [_reason(each, phase, document) for each in document["results"] if _weighs(each)]
    told = tuple(sorted(reasons, key=lambda each: -ACTIONS.index(each.action)))
    action = told[0].action if told else "open"
    code = 3 if document["void"] else _CODES[action]
    if document["interrupted"]:
        code = 130
    return Decision(phase=phase, action=action, exit_code=code, reasons=told, recency=recency, override=override)


def action_for(severity: Severity, status: Status, phase: Phase) -> Action:
    """The cell of the table."""
    row = next(each for each in POLICY if each[:2] == (severity, status))
    return row[2] if phase == "before" else row[3]


def as_json(decision: Decision) -> dict[str, Any]:
    """Plain values, to stand beside the run document."""
    recency, override = decision.recency, decision.override
    return {
        "phase": decision.phase,
        "action": decision.action,
        "exit_code": decision.exit_code,
        "reasons": [{"action": each.action, "what": each.what, "says": each.says} for each in decision.reasons],
        "nightly": None
        if recency is None
        else {"why": recency.why, "says": recency.says, "run_id": recency.run_id or None},
        "override": None if override is None else {"owner": override.owner, "reason": override.reason},
    }


def in_words(decision: Decision, *, why: bool) -> Sequence[str]:
    """The decision, and with *why* everything that led to it and the table that it was read from."""
    lines = [f"gate: {decision.action.replace('_', ' ')}: {MEANINGS[decision.action]} (exit {decision.exit_code})"]
    shown = decision.reasons if why else [each for each in decision.reasons if each.action != "warn"][:5]
    lines += [f"  {each.action.replace('_', ' '):<9} {each.what}: {each.says}" for each in shown]
    if not why:
        hidden = len(decision.reasons) - len(shown)
        return [*lines, f"  {hidden} more with --why"] if hidden > 0 else lines
    if decision.recency is not None and decision.recency.holds:
        lines.append(f"  nightly   {decision.recency.says}")
    return [*lines, "", f"policy, phase {decision.phase}:", *_table(decision.phase)]


def _table(phase: Phase) -> list[str]:
    rows = [
        f"  {severity:<9} {status.replace('_', ' '):<8} {action_for(severity, status, phase).replace('_', ' ')}"
        for severity, status, _, _ in POLICY
    ]
    run = [f"  {'run':<9} {'void':<8} {_VOID[phase]}", f"  {'nightly':<9} {'lacking':<8} {_SILENT[phase]}"]
    return [*rows, *run]


def _weighs(result: Document) -> bool:
    """Not what somebody decided to live without, nor what a root explains."""
    return result["status"] != "pass" and result["waiver"] is None and not result["blocked_by"]


def _reason(result: Document, phase: Phase, document: Document) -> Reason:
    severity = "critical" if document["strict"] else result["severity"]
    action = action_for(cast("Severity", severity), cast("Status", result["status"]), phase)
    return Reason(
        action=action, what=result["name"], says=f"{severity} {result['status'].replace('_', ' ')}: {result['actual']}"
    )
