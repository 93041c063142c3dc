"""Where runs are kept, and how people are called: the questions, and the answer of a plain folder.

Rows and documents are JSON values; what they mean is ``checks.nights``'s business.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

Row = Mapping[str, Any]
Claim = Literal["ours", "done", "busy"]


class Ledger(Protocol):
    """What outlives a run. Each method may raise CannotLook when it could not be asked."""

    def claim(self, row: Row, *, holder: str, now: datetime) -> Claim:
        """Begin the run that *row* names by ``target`` and ``run_id``, until its ``until``.

        ``done`` when it has ended already, ``busy`` while another *holder* has time left for it. A holder may claim
        its own again: whoever is tried again has died before.
        """
        ...

    def enter(self, row: Row) -> bool:
        """Write down how the run ended; False when that is written already."""
        ...

    def rows(self, target: str) -> Sequence[Row]:
        """Every run of *target* that is still indexed, in no order."""
        ...

    def keep(self, key: str, text: str) -> str:
        """Keep *text* under *key*, once: what is there stays. Gives a link for people."""
        ...

    def checkpoint(self, key: str, text: str) -> None:
        """Keep *text* under *key*, in the place of what was there."""
        ...

    def read(self, key: str) -> str:
        """What is kept under *key*."""
        ...

    def told(self, target: str) -> tuple[Mapping[str, Any], int]:
        """What people were told of *target* last, and its edition; empty and 0 before the first time."""
        ...

    def tell(self, target: str, state: Mapping[str, Any], *, edition: int) -> bool:
        """Replace what ``told`` gave as *edition*; False when somebody else did so meanwhile."""
        ...

    def ring(self, topic: str, subject: str, text: str) -> None:
        """Send one message to the topic ``page`` or ``notice``."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A ledger in a folder of this machine: ``runs/*.json`` are run documents, the rest is beside them."""

    path: Path

    def claim(self, row: Row, *, holder: str, now: datetime) -> Claim:
        """As ``Ledger.claim``."""
        with self._alone():
            there = self._row(row["target"], row["run_id"])
            if there and there.get("finished"):
                return "done"
            if there and there["holder"] != holder and datetime.fromisoformat(there["until"]) > now:
                return "busy"
            self._write(_named(row["target"], row["run_id"]), {**row, "holder": holder})
            return "ours"

    def enter(self, row: Row) -> bool:
        """As ``Ledger.enter``."""
        with self._alone():
            there = self._row(row["target"], row["run_id"])
            if there and there.get("finished"):
                return False
            self._write(_named(row["target"], row["run_id"]), row)
            return True

    def rows(self, target: str) -> Sequence[Row]:
        """As ``Ledger.rows``."""
        return [json.loads(file.read_text("utf-8")) for file in sorted(self.path.glob(f"index/{target}/*.json"))]

    def keep(self, key: str, text: str) -> str:
        """As ``Ledger.keep``; the link is a path."""
        with self._alone():
            if not (self.path / key).exists():
                self._put(key, text)
        return str(self.path / key)

    def checkpoint(self, key: str, text: str) -> None:
        """As ``Ledger.checkpoint``."""
        self._put(key, text)

    def read(self, key: str) -> str:
        """As ``Ledger.read``."""
        return (self.path / key).read_text("utf-8")

    def told(self, target: str) -> tuple[Mapping[str, Any], int]:
        """As ``Ledger.told``."""
        file = self.path / "told" / f"{target}.json"
        if not file.exists():
            return {}, 0
        there = json.loads(file.read_text("utf-8"))
        return there["state"], there["edition"]

    def tell(self, target: str, state: Mapping[str, Any], *, edition: int) -> bool:
        """As ``Ledger.tell``."""
        with self._alone():
            if self.told(target)[1] != edition:
                return False
            self._write(f"told/{target}.json", {"state": state, "edition": edition + 1})
            return True

    def ring(self, topic: str, subject: str, text: str) -> None:
        """As ``Ledger.ring``: into the file ``rung.jsonl``, one message a line."""
        with self._alone(), (self.path / "rung.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"topic": topic, "subject": subject, "text": text}) + "\n")

    def _row(self, target: str, run_id: str) -> Row | None:
        file = self.path / _named(target, run_id)
        return json.loads(file.read_text("utf-8")) if file.exists() else None

    def _write(self, key: str, value: Mapping[str, Any]) -> None:
        self._put(key, json.dumps(value))

    def _put(self, key: str, text: str) -> None:
        file = self.path / key
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_name(f".{file.name}.part")
        half.write_text(text, encoding="utf-8")
        half.replace(file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _named(target: str, run_id: str) -> str:
    return f"index/{target}/{run_id}.json"
