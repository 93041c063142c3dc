"""How faults of AWS are staged: change something, look, put it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.edge import Edge
from checks.twin.faults.between.http import Dress, Onward, Raw, Reply, Tamper, Visit, untouched
from checks.twin.faults.between.names import Twist
from checks.twin.faults.chains import leaf_file
from checks.twin.faults.words import Stage, Unfit, View

_API = "/api"
Undo = Callable[[], object]
# Changes the deployment about the subject of a check, and gives what takes it back.
Change = Callable[[Bench, Check], Undo]


def broken(promise: str, change: Change, *, containing: str = "", replan: bool = False) -> Stage:
    """*change* is made to the subject of the first check of *promise*, which is the one to notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        check = bench.check(promise, containing)
        undo = change(bench, check)
        try:
            yield View(named=(check.name,), replan=replan)
        finally:
            undo()

    return stage


def harmless(promise: str, change: Change, *, containing: str = "", replan: bool = False) -> Stage:
    """*change* is made to the subject of the first check of *promise*, and nobody is to notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        undo = change(bench, bench.check(promise, containing))
        try:
            yield View(replan=replan)
        finally:
            undo()

    return stage


def told(promise: str, tamper: Callable[[Bench, Check], Tamper], *, containing: str = "") -> Stage:
    """AWS's answers are rewritten on their way; the first check of *promise* is the one to notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        check = bench.check(promise, containing)
        yield View(named=(check.name,), aws=tamper(bench, check))

    return stage


def unheeded(promise: str, tamper: Callable[[Bench, Check], Tamper], *, containing: str = "") -> Stage:
    """AWS's answers are rewritten on their way, about the first check of *promise*, and nobody is to notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        yield View(aws=tamper(bench, bench.check(promise, containing)))

    return stage


def said(service: str, operation: str, change: Callable[[Any], object], *, about: str = "") -> Tamper:
    """The JSON that an operation of *service* answers with, changed; only where *about* is in the question."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        asked = visit.service == service and operation in visit.operation and about.encode() in visit.body
        return reply.amended(change) if asked and reply.status == 200 else reply  # noqa: PLR2004 - success

    return tamper


def says(check: Check, word: str) -> bool:
    """Whether *check* compares *word*: what its template is silent about can be changed unseen."""
    words = check.params.get("words")
    return isinstance(words, tuple) and any(each[:1] == (word,) for each in words)


def where_said(word: str, change: Change) -> Change:
    """*change* of what the check compares under *word*; unfit where it compares no such thing."""

    def make(bench: Bench, check: Check) -> Undo:
        if not says(check, word):
            raise Unfit(f"the template does not say {word}")
        return change(bench, check)

    return make


def edge_of(bench: Bench, tamper: Tamper = untouched, *, dress: Dress | None = None, at: tuple[str, ...] = ()) -> Edge:
    """An edge of our own before the twin's, which shows the certificate that ACM holds. Raises Unfit."""
    return Edge(leaf=leaf_file(bench), tamper=tamper, dress=dress, **({"at": at} if at else {}))


def visited(promise: str, tamper: Tamper, *, containing: str = "", every: bool = False) -> Stage:
    """Visitors are answered by *tamper*; *every* check of *promise*, or the first one, is to notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        found = bench.check(promise, containing)
        _require_at_edge(bench, found)
        named = tuple(each.name for each in bench.checks(promise)) if every else (found.name,)
        yield View(named=named, edge=edge_of(bench, tamper))

    return stage


def _require_at_edge(bench: Bench, check: Check) -> None:
    """Raise Unfit for what is not asked through the site's edge, or is an API's elsewhere than where *calls* looks."""
    several = check.params.get("urls")
    asked = urlsplit(str(several[0] if isinstance(several, tuple) and several else check.params.get("url", "")))
    if asked.hostname and asked.hostname != bench.domain and not asked.hostname.endswith(f".{bench.domain}"):
        raise Unfit(f"it is asked at {asked.hostname}, not at the site's edge")
    if check.family == "api" and asked.hostname and not asked.path.startswith(_API):
        raise Unfit(f"the API is not below {_API}")


def unnoticed(tamper: Tamper) -> Stage:
    """Visitors are answered by *tamper*, and nobody is to notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        yield View(edge=edge_of(bench, tamper))

    return stage


def resolved(promise: str, twist: Callable[[Bench], Twist], *, every: bool = False) -> Stage:
    """Names are answered by *twist*."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        named = tuple(each.name for each in bench.checks(promise)) or (bench.check(promise).name,)
        yield View(named=named if every else named[:1], names=twist(bench))

    return stage


def at_path(fits: Callable[[Visit], bool], said_there: Callable[[Reply], Reply | Raw]) -> Tamper:
    """Where *fits* the answer is changed, elsewhere it is passed on."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        return said_there(reply) if fits(visit) else reply

    return tamper


def instead(fits: Callable[[Visit], bool], reply: Reply | Raw) -> Tamper:
    """Where *fits* there is another answer, elsewhere what there is."""
    return lambda visit, onward: reply if fits(visit) else onward(visit)


def pages(visit: Visit) -> bool:
    """What is asked for under HTTPS and is nothing of an API's."""
    return visit.secure and not visit.path.startswith(_API)


def calls(visit: Visit) -> bool:
    """What is asked of the API through the edge."""
    return visit.secure and visit.path.startswith(_API)


def health(visit: Visit) -> bool:
    """The question how the API is."""
    return calls(visit) and visit.path.rstrip("/").endswith("/health")


def everything(visit: Visit) -> bool:
    """Whatever is asked under HTTPS."""
    return visit.secure
