"""Reading what came back over HTTP: is it a page, is it one JSON document. Never raises for any text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence

from checks.evidence import Response, Silence
from checks.frozen import dataclass
from checks.wording import quote

Json = Mapping[str, object] | Sequence[object]

# Every repetition has an end: the text is a stranger's, and an open one over 64 KiB of "<title" takes minutes.
_PAGE = re.compile(r"<(?:!doctype\s{1,9}html|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,99}>([^<]{0,999})</title", re.IGNORECASE)
_PARTS = re.compile(
    r"""<(?:script|link)\b[^>]{0,499}?\b(?:src|href)\s{0,9}=\s{0,9}["']?([^"'\s>]{1,499})""", re.IGNORECASE
)
# What may stand before a page's first tag.
_PRELUDES = (("<!--", "-->"), ("<?xml", "?>"))


@dataclass(frozen=True, slots=True)
class NotJson:
    """A body that is not one strict JSON document; *why* says what is amiss."""

    why: str


def is_page(response: Response) -> bool:
    """Whether a browser would take it for a web page: by its content type, or by what it begins with."""
    return media_type(response) in {"text/html", "application/xhtml+xml"} or begins_like_page(response.body)


def begins_like_page(body: str) -> bool:
    """Whether the first thing in it, after white space and preludes, is one that only a page begins with."""
    rest = body.lstrip("\ufeff \t\r\n")
    while prelude := next((each for each in _PRELUDES if rest.startswith(each[0])), None):
        rest = rest.partition(prelude[1])[2].lstrip()
    return _PAGE.match(rest) is not None


def media_type(response: Response) -> str:
    """The content type without its parameters, in lower case."""
    return response.header("content-type").partition(";")[0].strip().lower()


def title(body: str) -> str:
    """The text of the first title element, without the white space around it."""
    found = _TITLE.search(body)
    return " ".join(html.unescape(found[1]).split()) if found else ""


def parts(body: str) -> tuple[str, ...]:
    """The scripts and links that a page refers to, sorted."""
    return tuple(sorted(set(_PARTS.findall(body))))


def read_page(response: Response) -> str:
    """Why *response* is not a whole page with a title, or nothing when it is one."""
    if not response.complete:
        return "the body was cut off"
    if media_type(response) != "text/html":
        return f"content type {response.header('content-type') or 'missing'}"
    if not begins_like_page(response.body):
        return "the body does not begin like a page"
    return "" if title(response.body) else "the page has no title"


def read_json(response: Response) -> Json | NotJson:
    """The object or array that *response* carries, read strictly: said to be JSON, whole, no name twice."""
    if not (media_type(response) == "application/json" or media_type(response).endswith("+json")):
        return NotJson(f"content type {response.header('content-type') or 'missing'}")
    if not response.complete or response.capped:
        return NotJson("the body was cut off")
    return _parse(response.body)


def answered(seen: Response | Silence, *statuses: int) -> Json | str:
    """The JSON document of an answer with one of *statuses*; otherwise what was seen instead, in a few words."""
    if isinstance(seen, Silence):
        return f"{quote(seen.where)}: {quote(seen.reason)}"
    read = read_json(seen)
    if seen.status not in statuses:
        return f"{seen.status} {quote(media_type(seen))}: {quote(seen.body.strip(), 80)}"
    return f"{seen.status}, {quote(read.why)}" if isinstance(read, NotJson) else read


def _parse(text: str) -> Json | NotJson:
    # RFC 8259 leaves a repeated name to the reader's taste and Python keeps the last; NaN is not JSON at all.
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return NotJson(f"not JSON: {error}" if text.strip() else "an empty body")
    if isinstance(document, dict | list):
        return document
    return NotJson("neither an object nor an array")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document: dict[str, object] = {}
    for key, value in pairs:
        if key in document:
            msg = f"the name {key!r} appears twice"
            raise ValueError(msg)
        document[key] = value
    return document


def _refuse(constant: str) -> object:
    msg = f"{constant} is not JSON"
    raise ValueError(msg)
