"""One run for many processes: the plan is frozen once, whoever needs a result first runs it, the others read it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from checks import coverage
from checks.doors import assembly
from checks.plan import Plan, PlanError
from checks.report import json as as_json
from checks.run import Run
from checks.target import Settings

Document = dict[str, Any]


class Trouble(Exception):
    """The one run came to nothing; its text says why, *code* is what the command line would have exited with."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Handout:
    """What one process prepared, in words that any other can be given. *folder* is theirs together."""

    folder: str
    digest: str
    source: Literal["live", "accepted"]
    unread: str
    notes: list[str]
    controls: list[str]
    calls: int
    coverage: dict[str, Any] | None = None

    def as_words(self) -> dict[str, Any]:
        """Plain values alone."""
        return asdict(self)


def hand_out(ready: assembly.Ready, folder: Path) -> Handout:
    """Write the frozen plan into *folder*, and say how to go on from there."""
    assembly.write_plan(_plan_file(folder), ready.plan)
    return Handout(
        folder=str(folder),
        digest=ready.plan.digest,
        source=ready.plan.source,
        unread=ready.unread,
        notes=list(ready.notes),
        controls=[each.name for each in assembly.proofs(ready.settings, ready.controls, "pytest")],
        calls=ready.reach.calls(),
        coverage=coverage.to_json(ready.coverage),
    )


def handed_plan(handed: Handout) -> Plan:
    """The plan that was frozen. Raises PlanError when the file does not hold it."""
    file = _plan_file(Path(handed.folder))
    plan = assembly.read_plan(file)
    if plan is None or plan.digest != handed.digest:
        found = "nothing" if plan is None else plan.digest
        raise PlanError(f"{file}: expected the frozen plan {handed.digest}, found {found}; start again")
    return replace(plan, source=handed.source)


def take_up(handed: Handout, settings: Settings) -> assembly.Ready:
    """What was prepared elsewhere, ready to be run here: the stacks are not read again."""
    reach = assembly.connect(settings, door="pytest")
    counted = replace(reach, calls=lambda: handed.calls + reach.calls())
    return assembly.resume(
        settings,
        counted,
        handed_plan(handed),
        unread=handed.unread,
        notes=tuple(handed.notes),
        known=coverage.from_json(handed.coverage),
    )


def document_of(folder: Path, run: Callable[[], Run], code_of: Callable[[Exception], int]) -> Document:
    """The document of the one run in *folder*: run under a lock by the first who asks, read by all others.

    Raises Trouble, to the first and to all others alike, when *run* raised.
    """
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = read_document(folder)
        if known is not None:
            return known
        try:
            as_json.write(run(), _document_file(folder))
        except Exception as error:
            trouble = Trouble(f"{type(error).__name__}: {error}", code_of(error))
            told = {"reason": str(trouble), "code": trouble.code}
            _trouble_file(folder).write_text(json.dumps(told), encoding="utf-8")
            raise trouble from error
    return _read(_document_file(folder))


def read_document(folder: Path) -> Document | None:
    """The document of the one run in *folder*; None while there is none. Raises Trouble when it came to nothing."""
    if _trouble_file(folder).exists():
        told = _read(_trouble_file(folder))
        raise Trouble(told["reason"], told["code"])
    return _read(_document_file(folder)) if _document_file(folder).exists() else None


def copy_document(document: Document, path: Path) -> None:
    """Write *document* whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.write_text(json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n", encoding="utf-8")
    half.replace(path)


def _read(path: Path) -> Document:
    read: Document = json.loads(path.read_text(encoding="utf-8"))
    return read


def _plan_file(folder: Path) -> Path:
    return folder / "plan.json"


def _document_file(folder: Path) -> Path:
    return folder / "run.json"


def _trouble_file(folder: Path) -> Path:
    return folder / "trouble.json"
