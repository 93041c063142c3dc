"""The scripted outside: it answers what it was told to answer, and refuses everything else.

``script`` maps questions to answers; ``asked`` writes a question in the one spelling that is looked up. An answer is
a value, an exception to be raised, or ``in_turn`` (one answer per attempt, the last for good). ``recording`` wraps any
world and notes what it heard, in the form that ``pretend_world`` takes.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from checks.model import CannotLook
from checks.world.ports import Aws, Clock, Dns, Http, Tls, World

_START = datetime(2026, 1, 1, tzinfo=UTC)
_PORTS: dict[str, type] = {"dns": Dns, "tls": Tls, "http": Http, "aws": Aws}

Question = tuple[object, ...]
Script = Mapping[Question, object]


@dataclass(frozen=True, slots=True)
class InTurn:
    """One answer for each attempt."""

    answers: tuple[object, ...]


def in_turn(*answers: object) -> InTurn:
    """The first answer on the first attempt, the second on the next; the last one stays."""
    if not answers:
        raise ValueError("in_turn expects at least one answer")
    return InTurn(answers)


def asked(question: str, *args: object, **kwargs: object) -> Question:
    """The question ``dns.ask``, ``aws.table`` … with its arguments as a key of a script; defaults are filled in.

    Raises AttributeError for a question that the ports do not know, TypeError for arguments that do not fit.
    """
    port, _, name = question.partition(".")
    method = getattr(_PORTS[port], name, None) if port in _PORTS and not name.startswith("_") else None
    if method is None:
        raise AttributeError(f"{question!r} is no question of checks.world.ports")
    bound = inspect.signature(method).bind(None, *args, **kwargs)
    bound.apply_defaults()
    return (question, *((key, _plain(value)) for key, value in list(bound.arguments.items())[1:]))


@dataclass(slots=True)
class PretendClock:
    """A clock that moves only when it is told to, or when somebody sleeps."""

    moment: datetime = _START
    _started: datetime = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._started = self.moment

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds since it was made, moving with the moment."""
        return (self.moment - self._started).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        with self._lock:
            self.moment += timedelta(seconds=max(0.0, seconds))

    def set(self, moment: datetime) -> None:
        """Make it *moment* (aware). Raises ValueError for a moment without a time zone."""
        if moment.tzinfo is None:
            raise ValueError(f"expected an aware moment, found {moment.isoformat()} without a time zone")
        with self._lock:
            self.moment = moment


@dataclass(frozen=True, slots=True)
class _Port:
    """Any of the four ports: each of its questions is a method that looks its arguments up with *answer*."""

    name: str
    answer: Callable[[Question], object]

    def __getattr__(self, question: str) -> Callable[..., object]:
        if question.startswith("_") or not hasattr(_PORTS[self.name], question):
            raise AttributeError(f"{self.name}.{question} is no question of checks.world.ports")
        return lambda *args, **kwargs: self.answer(asked(f"{self.name}.{question}", *args, **kwargs))


@dataclass(frozen=True, slots=True, kw_only=True)
class PretendWorld:
    """Answers ``checks.world.ports.World`` from *script*; *attempt* counts the times it was asked afresh."""

    script: Script
    clock: PretendClock
    anchor: str
    attempt: int = 0

    @property
    def dns(self) -> Dns:
        """Names, as scripted."""
        return cast("Dns", _Port("dns", self._answer))

    @property
    def tls(self) -> Tls:
        """Handshakes, as scripted."""
        return cast("Tls", _Port("tls", self._answer))

    @property
    def http(self) -> Http:
        """Requests, as scripted."""
        return cast("Http", _Port("http", self._answer))

    @property
    def aws(self) -> Aws:
        """The control plane, as scripted."""
        return cast("Aws", _Port("aws", self._answer))

    def again(self) -> PretendWorld:
        """The next attempt."""
        return replace(self, attempt=self.attempt + 1)

    def _answer(self, question: Question) -> object:
        if question not in self.script:
            raise CannotLook(f"nobody scripted {_spelt(question)}", final=True)
        answer = self.script[question]
        if isinstance(answer, InTurn):
            answer = answer.answers[min(self.attempt, len(answer.answers) - 1)]
        if isinstance(answer, BaseException):
            raise answer
        return answer


def pretend_world(
    script: Script | Iterable[tuple[Question, object]] = (),
    *,
    clock: PretendClock | None = None,
    anchor: str = "https://anchor.invalid/",
) -> PretendWorld:
    """The world of *script*: a mapping, or pairs as ``recording`` notes them.

    A question heard several times answers in turn, one answer per attempt.
    """
    pairs = script.items() if isinstance(script, Mapping) else script
    heard: dict[Question, list[object]] = {}
    for question, answer in pairs:
        heard.setdefault(question, []).append(answer)
    told = {key: answers[0] if len(answers) == 1 else in_turn(*answers) for key, answers in heard.items()}
    return PretendWorld(script=told, clock=clock or PretendClock(), anchor=anchor)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingWorld:
    """Any world, with everything it answers noted in *heard*: exceptions too, once per question and attempt."""

    world: World
    heard: list[tuple[Question, object]]
    _known: set[Question] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def dns(self) -> Dns:
        """Names, noted."""
        return cast("Dns", _Port("dns", self._pass_on))

    @property
    def tls(self) -> Tls:
        """Handshakes, noted."""
        return cast("Tls", _Port("tls", self._pass_on))

    @property
    def http(self) -> Http:
        """Requests, noted."""
        return cast("Http", _Port("http", self._pass_on))

    @property
    def aws(self) -> Aws:
        """The control plane, noted."""
        return cast("Aws", _Port("aws", self._pass_on))

    @property
    def clock(self) -> Clock:
        """The world's own clock."""
        return self.world.clock

    @property
    def anchor(self) -> str:
        """The world's own anchor."""
        return self.world.anchor

    def again(self) -> RecordingWorld:
        """The next attempt, noted in the same place."""
        return RecordingWorld(world=self.world.again(), heard=self.heard)

    def _pass_on(self, question: Question) -> object:
        port, _, name = str(question[0]).partition(".")
        given = {str(key): value for key, value in cast("tuple[tuple[object, object], ...]", question[1:])}
        try:
            answer = _call(getattr(getattr(self.world, port), name), getattr(_PORTS[port], name), given)
        except CannotLook as error:
            self._note(question, error)
            raise
        self._note(question, answer)
        return answer

    def _note(self, question: Question, answer: object) -> None:
        with self._lock:
            if question not in self._known:
                self._known.add(question)
                self.heard.append((question, answer))


def recording(world: World) -> RecordingWorld:
    """The same world; what it was asked and what it said gathers in ``heard``."""
    return RecordingWorld(world=world, heard=[])


def _call(method: Callable[..., Any], spelt: Callable[..., Any], given: Mapping[str, object]) -> object:
    """Call *method* with what was *given*, in the way that the port spells it."""
    kinds = {key: each.kind for key, each in inspect.signature(spelt).parameters.items()}
    named = {key: _mapping(value) if key == "headers" else value for key, value in given.items()}
    keywords = {key: value for key, value in named.items() if kinds[key] is inspect.Parameter.KEYWORD_ONLY}
    return method(*(value for key, value in named.items() if key not in keywords), **keywords)


def _plain(value: object) -> object:
    """*value* as something that can be a key: mappings as sorted pairs."""
    return tuple(sorted(value.items())) if isinstance(value, Mapping) else value


def _mapping(value: object) -> object:
    return dict(cast("tuple[tuple[str, str], ...]", value)) if isinstance(value, tuple) else value


def _spelt(question: Question) -> str:
    name, *given = cast("tuple[str, *tuple[tuple[str, object], ...]]", question)
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in given)})"
