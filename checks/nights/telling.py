"""Who is told what after a nightly run: each incident once, grouped by root, and once more when it is over. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from checks.nights.cost import in_words
from checks.report.story import behind, meaning, roots
from checks.report.text import plain
from checks.target.settings import Maintenance

Document = Mapping[str, Any]
Told = Mapping[str, Any]
Topic = Literal["page", "notice"]

# The name under which a run that proves nothing is an incident of its own.
VOID = "run.void"
# SNS: a subject is at most 100 characters of ASCII.
_SUBJECT = 100
_MOST_ROOTS = 12
_MOST_NAMES = 8
_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: *topic* says how loudly. The text is plain, at most 100 characters wide where words allow it."""

    topic: Topic
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What people were told and not yet that it is over: roots by name with how loudly. Empty: all is well.

    *told* are all names that it was ever about, those included that are over already; *loud* is how loudly the loudest
    of them was told: who was woken by it is told when it is over.
    """

    open: Mapping[str, Topic] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    loud: Topic = "notice"
    since: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a message needs besides the run: owners by family, where the evidence is, and when nobody is woken."""

    owners: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    maintenance: Maintenance | None = None


def decide(before: Incident, document: Document, now: datetime, around: Around) -> tuple[Incident, tuple[Message, ...]]:
    """The incident as it stands after this run, and what to say: nothing, or exactly one message.

    A root rings once, when it is new. A root is over when its check was seen to pass, or is no longer planned in a run
    that proves something: what could not be looked at is not healed. The incident is over when all its roots are;
    during maintenance nothing is said and nothing is forgotten, so that what is still broken afterwards rings then.
    """
    quiet = around.maintenance
    if quiet is not None and quiet.holds(now):
        return before, ()
    new = {name: loud for name, loud in _open(document).items() if before.open.get(name) not in {loud, "page"}}
    left = {name: loud for name, loud in before.open.items() if not _over(name, document)}
    names = tuple(dict.fromkeys([*before.told, *new]))
    since = before.since or document["started"]
    loud: Topic = "page" if "page" in {before.loud, *new.values()} else "notice"
    after = replace(before, open={**left, **new}, told=names, loud=loud, since=since, run_id=document["run_id"])
    if new:
        return after, (_alarm(new, before, document, around),)
    if before.open and not left:
        return Incident(run_id=document["run_id"]), (_recovery(before, document, around),)
    return (after if after.open else Incident(run_id=document["run_id"])), ()


def _open(document: Document) -> dict[str, Topic]:
    """The roots of this run, each with the topic it belongs to."""
    found: dict[str, Topic] = {}
    if document["void"]:
        found[VOID] = "page"
    for each in roots(document):
        # A run that proves nothing accuses nobody, and what still settles may be settled tomorrow.
        loud = each["severity"] == "critical" and each["status"] != "not_yet" and not document["void"]
        found[each["name"]] = "page" if loud else "notice"
    return found


def _over(name: str, document: Document) -> bool:
    if name == VOID:
        return not document["void"]
    if document["void"]:
        return False
    seen = next((each for each in document["results"] if each["name"] == name), None)
    return seen is None or seen["status"] == "pass" or seen["waiver"] is not None


def _alarm(new: Mapping[str, Topic], before: Incident, document: Document, around: Around) -> Message:
    loud: Topic = "page" if "page" in new.values() else "notice"
    word, sentence = meaning(document)
    first = next(iter(new))
    more = f" and {len(new) - 1} more" if len(new) > 1 else ""
    parts = [f"{document['target']} is {word}: {sentence}.", *_grouped(new, document, around.owners)]
    known = [name for name in before.open if name not in new and not _over(name, document)]
    if known:
        parts.append(f"Still open, told before: {_names(known)}")
    return Message(
        topic=loud,
        subject=_subject(f"{word.upper()} {document['target']}: {first}{more}"),
        text="\n\n".join([*parts, _foot(document, around)]),
    )


def _recovery(before: Incident, document: Document, around: Around) -> Message:
    loud: Topic = "page" if "page" in {before.loud, *before.open.values()} else "notice"
    told = f"{document['target']} is well again: everything that was reported since {before.since} passes."
    parts = [told, f"Over: {_names(before.told)}", _foot(document, around)]
    what = f"RECOVERED {document['target']}: all {len(before.told)} over"
    return Message(topic=loud, subject=_subject(what), text="\n\n".join(parts))


def _grouped(new: Mapping[str, Topic], document: Document, owners: Mapping[str, str]) -> list[str]:
    """The new roots, those of one owner together."""
    told = {each["name"]: each for each in roots(document)}
    by_owner: dict[str, list[str]] = defaultdict(list)
    alike = _alike([told[name] for name in new if name != VOID])
    if VOID in new:
        by_owner[""].append(_void(document))
    for each in alike[:_MOST_ROOTS]:
        by_owner[owners.get(each[0]["family"], "")].append(_root(each[0], each[1:], document))
    blocks = [
        "\n\n".join([f"For {owner}:" if owner else "For whoever is on duty:", *texts])
        for owner, texts in by_owner.items()
    ]
    if len(alike) > _MOST_ROOTS:
        blocks.append(f"{len(alike) - _MOST_ROOTS} more are in the evidence.")
    return blocks


def _alike(told: Sequence[Told]) -> list[list[Told]]:
    """Roots that saw the very same thing, together: one refusal makes fifty checks unknown."""
    groups: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for each in told:
        groups[each["status"], each["actual"]].append(each)
    return list(groups.values())


def _root(root: Told, alike: Sequence[Told], document: Document) -> str:
    explained = [each["name"] for one in (root, *alike) for each in behind(document, one)]
    lines = [
        f"{root['status'].upper().replace('_', ' ')}  {_line(root['name'])}",
        f"  promise   {_line(root['promise'])}",
        f"  expected  {_line(root['expected'])}",
        f"  actual    {_line(root['actual'])}",
        f"  do        {_line(root['remedy'])}",
        f"  repeat    {repeat(document['target'], root['name'])}",
    ]
    lines += [f"  likewise  {_names([each['name'] for each in alike])}"] if alike else []
    lines += [f"  explains  {_names(explained)}"] if explained else []
    return "\n".join(lines)


def _void(document: Document) -> str:
    reasons = "\n".join(f"  {_line(each)}" for each in document["void"][:_MOST_NAMES])
    return (
        f"VOID  this run proves nothing\n{reasons}\n  repeat    python -m checks verify --target {document['target']}"
    )


def repeat(target: str, name: str) -> str:
    """The one command that looks at that check again."""
    return f"python -m checks verify --target {target} --only '{plain(name)}'"


def _foot(document: Document, around: Around) -> str:
    counts = ", ".join(f"{many} {name.replace('_', ' ')}" for name, many in document["counts"].items() if many)
    lines = [f"run       {document['run_id']}, {document['started']}, release {document['release'] or 'not told'}"]
    lines.append(f"results   {counts}; {document['aws_calls']} AWS calls")
    if document["cost"]:
        lines.append(f"cost      {in_words(document['cost'])}")
    if around.link:
        lines.append(f"evidence  {around.link}")
    return "\n".join(lines)


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(map(_line, names[:_MOST_NAMES])) + (f" and {more} more" if more > 0 else "")


def _line(text: str) -> str:
    flat = plain(" ".join(text.split()))
    return flat if len(flat) <= _LONGEST else f"{flat[:_LONGEST]} …"


def _subject(text: str) -> str:
    return plain(text).encode("ascii", "replace").decode()[:_SUBJECT]
