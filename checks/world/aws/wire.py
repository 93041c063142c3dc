"""One call to AWS: its turn, its deadline, its shape."""

from __future__ import annotations

import _thread
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from checks.frozen import dataclass
from checks.model import CannotLook
from checks.together import fulfil
from checks.world.aws import refusals
from checks.world.aws.pace import Pace, Pacing
from checks.world.aws.session import Access, Clients, Credentials, static
from checks.world.ports import Clock

T = TypeVar("T")
Answer = Mapping[str, Any]

# What reading a value raises that is not there, or is of another kind than it should be.
_MISREAD = (KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One operation of AWS, and how its answers are told apart.

    *needs* are the keys that every genuine answer has; *gone* the error codes that mean "there is no such thing", when
    the message contains *gone_says*, *bare* those that mean "it is there and has none of this". *more* names the token
    that leads to the next page, in question and answer alike. *iam* is its IAM action where that is called otherwise.
    """

    service: str
    operation: str
    needs: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    gone_says: str = ""
    more: str = "NextToken"
    bare: tuple[str, ...] = ()
    iam: str = ""

    @property
    def action(self) -> str:
        """Its IAM action."""
        return self.iam or f"{self.service}:{self.operation}"


# The credentials of a call that is not made with those of its client, in the thread that makes it.
_SIGNER: ContextVar[object] = ContextVar("signer", default=None)

# What a thing answers that has none of what it was asked for.
NOTHING: Answer = MappingProxyType({})


class BrokenAnswerError(Exception):
    """A body that is not what its service writes. Raised inside botocore's own machinery, caught around it."""


class Wire:
    """The clients of one account, how often they were used, and how fast they may be."""

    def __init__(self, access: Access, clock: Clock, paces: Mapping[tuple[str, str], Pace], home: str) -> None:
        self._access = access
        self._clock = clock
        self._pacing = Pacing(paces, clock)
        self._home = home
        self._lock = threading.Lock()
        self._maker: Clients | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._calls = 0
        self._counting = threading.Lock()

    @property
    def calls(self) -> int:
        """Requests sent so far, repeated ones included."""
        return self._calls

    def asking(self) -> Asking:
        """The way for one question, with its own wall clock."""
        return Asking(self, self._access.limits.question.total_seconds())

    def prepare(self, service: str, region: str) -> None:
        """Have the client ready; CannotLook when there can be none."""
        with in_our_words(f"{service}:*", region):
            self.client(service, region)

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - botocore makes its client classes at run time
        """The one client of *service* in *region*; made under a lock, because concurrent making is slower."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._make(service, region)
            return self._clients[service, region]

    def close(self) -> None:
        """Close the connections that are kept for the next question; it opens new ones if it comes."""
        with self._lock:
            for client in self._clients.values():
                client.close()

    def turn(self, ask: Ask, region: str) -> None:
        """Wait until this operation's quota allows one more call."""
        self._pacing.wait(ask.service, ask.operation, region)

    def monotonic(self) -> float:
        """The clock that deadlines are measured with."""
        return self._clock.monotonic()

    def _make(self, service: str, region: str) -> Any:  # noqa: ANN401 - see client
        if self._maker is None:
            self._maker = Clients(self._access, self._home)
        client = self._maker.make(service, region)
        client.meta.events.register("request-created", self._count)
        client.meta.events.register("before-sign", sign_as_told)
        client.meta.events.register("before-parse", refuse_broken_json)
        return client

    def _count(self, **_: object) -> None:
        with self._counting:
            self._calls += 1


class Asking:
    """One question's calls: they follow one another and share one wall-clock budget."""

    def __init__(self, wire: Wire, seconds: float) -> None:
        self._wire = wire
        self._seconds = seconds
        self._left = seconds

    def beside(self) -> Asking:
        """The way for a second call at the same time: it has as much time left as the first."""
        return Asking(self._wire, self._left)

    def call(self, ask: Ask, region: str, **params: object) -> Answer | None:
        """What AWS answers; None when it says that there is no such thing, NOTHING when it is there without one.

        Raises CannotLook when AWS refused, could not, was silent for too long, or when somebody else answered.
        """
        with in_our_words(ask.action, region):
            client = self._wire.client(ask.service, region)
        answer = self._guarded(ask, region, client, params)
        if answer is not None and answer is not NOTHING:
            _require(ask, region, answer)
        return answer

    def demand(self, ask: Ask, region: str, **params: object) -> Answer:
        """What AWS answers, where "no such thing" means that the question was wrong: CannotLook."""
        answer = self.call(ask, region, **params)
        if answer is None:
            raise CannotLook(f"{ask.action} in {region}: AWS says that there is no such thing: {params}")
        return answer

    def call_as(self, ask: Ask, region: str, credentials: Credentials) -> Answer | None:
        """The same with other credentials; None when the answer is one of *ask*'s ``gone`` codes."""
        with in_our_words(ask.action, region):
            client = self._wire.client(ask.service, region)
        return self._guarded(ask, region, client, {}, signer=static(credentials))

    def pages(self, ask: Ask, region: str, **params: object) -> Iterator[Answer]:
        """All pages, to the end; nothing at all when AWS says that there is no such thing.

        A page that cannot be had is CannotLook: nobody judges a part of a list.
        """
        seen: set[object] = set()
        answer = self.call(ask, region, **params)
        while answer is not None:
            yield answer
            token = answer.get(ask.more)
            if not token:
                return
            if token in seen:
                raise refusals.unlike_aws(ask.action, region, "its pages go round in a circle")
            seen.add(token)
            answer = self.demand(ask, region, **params, **{ask.more: token})

    def _guarded(
        self,
        ask: Ask,
        region: str,
        client: Any,  # noqa: ANN401 - see Wire.client
        params: Mapping[str, object],
        *,
        signer: object = None,
    ) -> Answer | None:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        self._wire.turn(ask, region)
        method = getattr(client, xform_name(ask.operation))
        with in_our_words(ask.action, region):
            try:
                return self._in_time(ask, region, lambda: _signed_by(signer, partial(method, **params)))
            except ClientError as error:
                if _means_gone(ask, error):
                    return None
                if _is_bare(ask, error):
                    return NOTHING
                raise
            except BotoCoreError:
                raise  # before the next one, because some of them are ValueErrors too
            except _MISREAD as error:
                # botocore's parsers trip over a body that is well-formed and not theirs, a page in XHTML for one.
                raise refusals.unlike_aws(ask.action, region, f"{type(error).__name__}: {error}") from error

    def _in_time(self, ask: Ask, region: str, call: Callable[[], Answer]) -> Answer:
        # A thread of its own, because no socket time-out ends a body that drips. Nobody waits for it at the end, so
        # that an answer that never ends cannot keep the process alive, nor until it has begun: among sixty that
        # start at once a `Thread` would wait for its turn to say so.
        promised: Future[Answer] = Future()
        started = self._wire.monotonic()
        _thread.start_new_thread(fulfil, (promised, call))
        with suppress(TimeoutError):
            promised.exception(timeout=max(0.0, self._left))
        self._left -= self._wire.monotonic() - started
        if not promised.done():
            raise refusals.out_of_time(ask.action, region, self._seconds)
        return promised.result()


@contextmanager
def in_our_words(action: str, region: str) -> Iterator[None]:
    """Turn what botocore raises into CannotLook."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise refusals.of_service(error, action, region) from error
    except (ResponseParserError, BrokenAnswerError) as error:
        raise refusals.unlike_aws(action, region, f"{type(error).__name__}: {error}"[:200]) from error
    except BotoCoreError as error:
        raise refusals.of_client(error, action, region) from error


def shaped(ask: Ask, region: str, read: Callable[[], T]) -> T:
    """What *read* makes of an answer; CannotLook when a part is missing or of another kind than AWS documents."""
    try:
        return read()
    except _MISREAD as error:
        raise refusals.unlike_aws(ask.action, region, f"{type(error).__name__}: {error}") from error


def _signed_by(signer: object, call: Callable[[], Answer]) -> Answer:
    # The thread is this one call's own, and its context with it: there is nothing to set back.
    _SIGNER.set(signer)
    return call()


def sign_as_told(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's request
    """Sign with this very call's own credentials, where it has any: making a client takes longer than asking."""
    signer = _SIGNER.get()
    if signer is not None:
        request.context.setdefault("signing", {})["request_credentials"] = signer


def refuse_broken_json(operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's model
    """Refuse a successful body that is not JSON where the service speaks JSON: botocore takes it for ``{}``."""
    if "json" not in str(operation_model.service_model.resolved_protocol) or response_dict["status_code"] >= 300:  # noqa: PLR2004 - success
        return
    body = response_dict["body"]
    if not isinstance(body, bytes) or not body:
        return
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BrokenAnswerError(f"not JSON: {body[:60]!r}") from error


def _means_gone(ask: Ask, error: Any) -> bool:  # noqa: ANN401 - a botocore ClientError, imported late
    if getattr(error, "operation_name", ask.operation) != ask.operation:
        return False
    says = str(error.response.get("Error", {}).get("Message", ""))
    known = refusals.code_of(error) in ask.gone and ask.gone_says in says
    return known and bool(refusals.request_id_of(error.response))


def _is_bare(ask: Ask, error: Any) -> bool:  # noqa: ANN401 - a botocore ClientError, imported late
    return refusals.code_of(error) in ask.bare and bool(refusals.request_id_of(error.response))


def _require(ask: Ask, region: str, answer: Answer) -> None:
    if not refusals.request_id_of(answer):
        raise refusals.unlike_aws(ask.action, region, "it has no request id")
    missing = [key for key in ask.needs if key not in answer]
    if missing:
        raise refusals.unlike_aws(ask.action, region, f"it lacks {', '.join(missing)}")
