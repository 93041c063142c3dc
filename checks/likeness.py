"""Resources that are compared with their template word by word: one look and one judge for many kinds of them.

A kind whose failures need words of their own has a room of its own; what is only "there, and as the template says"
is a ``Row``: how AWS is asked for it, which states are good, and what the template wants of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from checks import intent
from checks.evidence import Absent, Described
from checks.frozen import dataclass
from checks.model import Check, Promise, Resource, Severity, Sight, Target, Verdict, promise
from checks.spelling import document, spelt
from checks.wording import left_out, quote, several
from checks.world.ports import World

THERE = "there"
Said = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of resource: the promise about it, and how each of that kind is bound to it.

    *asked* gives the name by which AWS is asked for a resource (empty: it cannot be asked, and nothing is planned).
    *arn* is a pattern in which ``{id}`` is the physical id, ``{name}`` what is asked for, and ``{region}``,
    ``{account}`` and ``{partition}`` are the target's; or several with spaces between them.
    """

    promise: Promise[Any]
    type: str
    arn: str
    asked: Callable[[Resource], str]
    wanted: Callable[[Resource], Said]
    documents: frozenset[str]


def like(  # noqa: PLR0913 - each is one fact about a kind, all named
    name: str,
    type: str,  # noqa: A002 - CloudFormation's own word
    *,
    says: str,
    severity: Severity,
    source: str,
    noun: str,
    actions: tuple[str, ...],
    arn: str,
    good: tuple[str, ...] = (THERE,),
    pending: tuple[str, ...] = (),
    remedy: str = "deploy the stack again; who changed it by hand is in CloudTrail",
    asked: Callable[[Resource], str] = lambda one: one.physical_id,
    wanted: Callable[[Resource], Said] = lambda _: {},
    documents: tuple[str, ...] = (),
    read: str = "",
) -> Row:
    """The row of one kind. *source* says why the promise is one; *remedy* what to do when it is not kept.

    *read* is the kind that AWS is asked about where that is another one than the template's.
    """

    def bind(*, region: str, name: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
        judge = partial(
            judge_likeness, noun=noun, name=name, words=words, gaps=gaps, good=good, pending=pending, remedy=remedy
        )
        return Sight(look=partial(_look, kind=read or type, region=region, name=name), judge=judge)

    bind.__doc__ = source
    made = promise(name, says=says, severity=severity, instrument="aws", actions=actions)(bind)
    return Row(promise=made, type=type, arn=arn, asked=asked, wanted=wanted, documents=frozenset(documents))


def judge_likeness(
    seen: Described | Absent,
    _now: datetime,
    *,
    noun: str,
    name: str,
    words: intent.Words,
    gaps: tuple[str, ...],
    good: tuple[str, ...],
    pending: tuple[str, ...],
    remedy: str,
) -> Verdict:
    """There, in a good state, and every word of the template the same; a state on its way to a good one is not yet."""
    states = "" if good == (THERE,) else f" {' or '.join(good)}"
    expected = f"{noun} {quote(name)}{states}"
    expected += f" with {several(f'{word} {value}' for word, value in words if value)}" if words else ""
    expected += left_out(gaps)
    if isinstance(seen, Absent):
        gone = "deploy the stack again; after a deletion by hand remove it from the template, deploy, and put it back"
        return Verdict.failed(expected=expected, actual=f"there is no {noun} {quote(name)}", remedy=gone)
    if seen.state in pending:
        wait = "wait until the service is done with it"
        return Verdict.not_yet(expected=expected, actual=quote(seen.state), remedy=wait)
    other = [] if seen.state in good else [quote(seen.state) or "in no state"]
    other += intent.differences(words, dict(seen.words))
    if other:
        return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)
    told = f"{seen.state}, as the template says" if words else seen.state
    return Verdict.passed(expected=expected, actual=quote(told))


def checks_of(target: Target, rows: Iterable[Row], *, only: Resource | None = None) -> Iterator[Check]:
    """A check for every resource of every row, or for *only* one, whose name can be known."""
    for row in rows:
        for each in (only,) if only else target.of_type(row.type):
            if name := row.asked(each):
                words, gaps = words_of(row.wanted(each), row.documents)
                arn = arn_of(row.arn, target, each, name)
                yield row.promise(each.place(*arn), region=each.region, name=name, words=words, gaps=gaps)


def words_of(wanted: Said, documents: frozenset[str] = frozenset()) -> tuple[intent.Words, tuple[str, ...]]:
    """What the template fixes, spelt as evidence is; where it is silent (None) nothing is compared."""
    known, open_ones = {}, []
    for word, value in wanted.items():
        missing = intent.gaps(value)
        open_ones += [f"{word}: {why}" for why in missing]
        if value is not None and not missing:
            known[word] = document(value) if word in documents else spelt(value)
    return tuple(known.items()), tuple(open_ones)


def arn_of(pattern: str, target: Target, one: Resource, name: str) -> tuple[str, ...]:
    """The ARN that IAM weighs; nothing where the kind has none, or its id is not the ARN that it should be.

    What is asked of a version or an alias of a function is weighed by its ARN or by the function's.
    """
    facts = {"region": one.region, "account": target.account, "partition": target.partition}
    every = (each.format(id=one.physical_id, name=name, **facts) for each in pattern.split())
    arns = [made for made in every if made.startswith("arn:")]
    functions = [":".join(made.split(":")[:7]) for made in arns if ":function:" in made]
    return tuple(dict.fromkeys((*arns, *functions)))


def prop(one: Resource, *path: str) -> object:
    """A property of a resource, as its template says it."""
    return intent.part(one.properties, *path)


def joined(one: Resource, *keys: str) -> str:
    """Properties joined by a slash; empty when one of them is not known."""
    parts = [intent.text(one.properties, key) for key in keys]
    return "/".join(parts) if all(parts) else ""


def _look(world: World, *, kind: str, region: str, name: str) -> Described | Absent:
    return world.aws.described(kind, region, name)
