"""Reads a table of settings key by key: every odd value is noted by its name, and so is every key nobody asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

T = TypeVar("T")

_DURATION = re.compile(r"(\d{1,6})\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHOWN = 60

# What secrets look like: access keys, private keys, tokens of well-known services, passwords within a URL.
_SECRETS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an AWS access key", re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("an AWS secret key", re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=\D*\d)[A-Za-z0-9/+]{40}")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("a GitHub token", re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})")),
    ("a Slack token or webhook", re.compile(r"\bxox[a-z]-[\w-]{10,}|hooks\.slack\.com/services/")),
    ("a payment key", re.compile(r"\b[sr]k_(live|test)_\w{10,}")),
    ("a signed token", re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}\.")),
    ("a password within a URL", re.compile(r"://[^/\s:@]*:[^/\s@]+@")),
)
# A resource type such as AWS::SecretsManager::Secret is a name, and never holds what it names.
_SECRET_KEY = re.compile(r"(?i)(?<!::)(password|passwd|secret|token|api_?key|private_?key|credential)s?$")


class _Odd(Exception):
    """A value is not what its key wants; what that is, the key says."""


@dataclass(slots=True)
class Page:
    """One table. *path* is its dotted place in the file; *problems* is shared by all pages of a file."""

    table: Mapping[str, object]
    path: str
    problems: list[str]
    _asked: set[str] = field(default_factory=set)

    def has(self, key: str) -> bool:
        """Whether the key is written at all."""
        return key in self.table

    def text(self, key: str, *, shape: str, says: str, required: bool = False) -> str:
        """A text of that shape; empty where it is missing. *says* ends the sentence "expected …"."""
        return self._take(key, "", says, lambda found: _fitting(found, shape), required=required)

    def texts(self, key: str, *, shape: str, says: str) -> tuple[str, ...]:
        """A list of texts of that shape, each once."""

        def read(found: object) -> tuple[str, ...]:
            if not isinstance(found, list):
                raise _Odd
            return tuple(dict.fromkeys(_fitting(one, shape) for one in found))

        none: tuple[str, ...] = ()
        return self._take(key, none, f"a list, each item {says}", read)

    def flag(self, key: str) -> bool:
        """True or false; false where it is missing."""
        return self._take(key, False, "true or false", _flag)  # noqa: FBT003 - the value where it is missing

    def whole(self, key: str, *, least: int, most: int) -> int | None:
        """A whole number within these bounds."""

        def read(found: object) -> int:
            if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
                raise _Odd
            return found

        return self._take(key, None, f"a whole number from {least} to {most}", read)

    def number(self, key: str, *, least: float = float("-inf"), most: float = float("inf")) -> float | None:
        """A number within these bounds; not NaN, not infinite."""

        def read(found: object) -> float:
            if isinstance(found, bool) or not isinstance(found, (int, float)):
                raise _Odd
            if abs(found) == float("inf") or not least <= found <= most:  # NaN is within no bounds
                raise _Odd
            return float(found)

        bounds = "" if least == float("-inf") else f" from {least:g} to {most:g}"
        return self._take(key, None, f"a number{bounds}", read)

    def duration(self, key: str) -> timedelta | None:
        """A length of time, written like "90s", "20m", "2h" or "1d"."""

        def read(found: object) -> timedelta:
            match = _DURATION.fullmatch(found) if isinstance(found, str) else None
            if match is None:
                raise _Odd
            return timedelta(**{_UNITS[match[2]]: int(match[1])})

        return self._take(key, None, 'a length of time such as "20m" (s, m, h or d)', read)

    def day(self, key: str) -> datetime | None:
        """The last moment of a day, in UTC."""
        return self._take(key, None, "a day such as 2027-01-31", _end_of_day, required=True)

    def moment(self, key: str) -> datetime | None:
        """A moment with its offset, in UTC."""
        return self._take(key, None, "a moment with its offset, such as 2027-01-31T22:00:00Z", _moment, required=True)

    def page(self, key: str) -> Page:
        """The table under *key*; an empty one where it is missing."""
        empty: Mapping[str, object] = {}
        found = self._take(key, empty, f"a table, written [{self._name(key)}]", _mapping)
        return Page(found, self._name(key), self.problems)

    def pages(self, key: str) -> tuple[Page, ...]:
        """The tables under *key*."""

        def read(found: object) -> tuple[Mapping[str, object], ...]:
            if not isinstance(found, list):
                raise _Odd
            return tuple(_mapping(one) for one in found)

        none: tuple[Mapping[str, object], ...] = ()
        tables = self._take(key, none, f"tables, each written [[{self._name(key)}]]", read)
        return tuple(Page(one, f"{self._name(key)}[{at}]", self.problems) for at, one in enumerate(tables, 1))

    def rest(self) -> tuple[str, ...]:
        """The keys that nobody has asked for yet, for tables whose keys are the user's own."""
        return tuple(key for key in self.table if key not in self._asked)

    def close(self) -> None:
        """Note every key that nobody asked for."""
        unknown = [key for key in self.table if key not in self._asked]
        if unknown:
            where = f"[{self.path}]: " if self.path else ""
            self.problems.append(f"{where}unknown {sorted(unknown)}; known are {sorted(self._asked)}")

    def note(self, key: str, problem: str) -> None:
        """Note a problem of *key*."""
        self.problems.append(f"{self._name(key)}: {problem}")

    def _name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _take(self, key: str, absent: T, says: str, read: Callable[[object], T], *, required: bool = False) -> T:
        self._asked.add(key)
        if key not in self.table:
            if required:
                self.note(key, f"missing; expected {says}")
            return absent
        try:
            return read(self.table[key])
        except _Odd:
            self.note(key, f"expected {says}; it is {shown(self.table[key])}")
            return absent


def secrets_in(written: object, path: str = "") -> tuple[str, ...]:
    """Where *written* holds what looks like a secret, never showing it."""
    if isinstance(written, dict):
        named = [
            f"{path}{key}: is named like a secret; settings hold the names of parameters, so call it {key}_parameter"
            for key, one in written.items()
            if _SECRET_KEY.search(key) and isinstance(one, (str, int))
        ]
        return tuple(named) + tuple(one for key in written for one in secrets_in(written[key], f"{path}{key}."))
    if isinstance(written, list):
        return tuple(found for one in written for found in secrets_in(one, path))
    kind = _secret_kind(written)
    place = path.rstrip(".")
    return (f"{place}: looks like {kind}; take it out, and revoke it if it is real",) if kind else ()


def shown(found: object) -> str:
    """A value as an error message may show it: short, and never a secret."""
    if secrets_in(found):
        return "not shown, because it looks like a secret"
    return repr(found) if len(repr(found)) <= _SHOWN else repr(found)[:_SHOWN] + "…"


def _secret_kind(written: object) -> str:
    if not isinstance(written, str):
        return ""
    return next((kind for kind, pattern in _SECRETS if pattern.search(written)), "")


def _fitting(found: object, shape: str) -> str:
    if not isinstance(found, str) or re.fullmatch(shape, found) is None:
        raise _Odd
    return found


def _flag(found: object) -> bool:
    if not isinstance(found, bool):
        raise _Odd
    return found


def _mapping(found: object) -> Mapping[str, object]:
    if not isinstance(found, dict):
        raise _Odd
    return found


def _end_of_day(found: object) -> datetime:
    if isinstance(found, datetime) or not isinstance(found, date):
        raise _Odd
    return datetime.combine(found, time.max, UTC)


def _moment(found: object) -> datetime:
    if not isinstance(found, datetime) or found.utcoffset() is None:
        raise _Odd
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise _Odd from error
