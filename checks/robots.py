"""Reading what a site says to search engines: robots.txt, a header, and elements of a page. Never raises."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

from checks.frozen import dataclass

EVERYBODY = "*"
# Every repetition has an end: the text is a stranger's.
_META = re.compile(r"<meta\b([^>]{0,1999})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(name|content)\s{0,9}=\s{0,9}(?:"([^"]{0,999})"|'([^']{0,999})'|([^\s"'>]{1,499}))""", re.IGNORECASE
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_AGENT = re.compile(r"[a-z_-]+")
# A word with a value of its own (max-snippet:20), which is no engine with a word.
_VALUED = re.compile(r"(max-[a-z-]+|unavailable_after)\s*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a group: whether paths that begin so may be fetched. ``*`` is anything, ``$`` the end."""

    allowed: bool
    pattern: str


Groups = Mapping[str, Sequence[Rule]]


def groups_of(text: str) -> Groups:
    """The rules by the engine that they are for, in lower case; groups of the same engine are one (RFC 9309, 2.2.1)."""
    groups: dict[str, list[Rule]] = {}
    named: list[str] = []
    ended = True
    for line in text.lstrip("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        word, said = key.strip().lower(), value.strip()
        if colon and word == "user-agent":
            named = [said.lower()] if ended else [*named, said.lower()]
            ended = False
            groups.setdefault(said.lower(), [])
        elif colon and word in {"allow", "disallow"}:
            ended = True
            # An empty pattern is no rule: it matches nothing (RFC 9309, 2.2.2).
            for each in named if said else ():
                groups[each].append(Rule(allowed=word == "allow", pattern=said))
    return groups


def may_fetch(groups: Groups, engine: str, path: str) -> bool:
    """The longest rule that fits decides, of two as long the one that allows; none allows (RFC 9309, 2.2.2)."""
    rules = groups.get(engine, groups.get(EVERYBODY, ()))
    fitting = [(len(each.pattern), each.allowed) for each in rules if _fits(each.pattern, path)]
    return max(fitting, default=(0, True))[1]


def _fits(pattern: str, path: str) -> bool:
    """Whether *path* begins as *pattern* says; each star takes as little as it can, which is enough."""
    ends = pattern.endswith("$")
    first, *rest = unquote(pattern.removesuffix("$") if ends else pattern).split("*")
    there = unquote(path)
    if not there.startswith(first):
        return False
    at = len(first)
    for piece in rest[:-1] if ends else rest:
        found = there.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if not ends:
        return True
    return there.endswith(rest[-1]) and len(there) - len(rest[-1]) >= at if rest else at == len(there)


def words_of_header(value: str) -> Iterator[tuple[str, str]]:
    """``X-Robots-Tag`` as ``(engine, word)``; an engine that is named is for the words up to the next one."""
    engine = EVERYBODY
    for each in value.lower().split(","):
        said = each.strip()
        before, colon, after = said.partition(":")
        if colon and not _VALUED.match(said) and _AGENT.fullmatch(before.strip()):
            engine, said = before.strip(), after.strip()
        if said:
            yield engine, said


def words_of_page(body: str, engines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """``<meta name="robots">``, and those of *engines* by their names."""
    for text in _META.findall(_COMMENT.sub("", body)):
        said = {name.lower(): html.unescape(one or two or three) for name, one, two, three in _ATTRIBUTE.findall(text)}
        name = said.get("name", "").strip().lower()
        if name == "robots" or name in engines:
            engine = EVERYBODY if name == "robots" else name
            yield from ((engine, word.strip()) for word in said.get("content", "").lower().split(",") if word.strip())
