"""What a page names: scripts, styles, pictures, its manifest and its worker, each with its address. Never raises."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from checks.evidence import Reference

# Every repetition has an end: the text is a stranger's.
_TAG = re.compile(r"<(script|link|img)\b([^>]{0,1999})>", re.IGNORECASE)
_SCRIPTS = re.compile(r"(<script\b[^>]{0,1999}>|</script)", re.IGNORECASE)
# Not the end of another name, such as data-src.
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(src|href|rel)\s{0,9}=\s{0,9}(?:"([^"]{0,999})"|'([^']{0,999})'|([^\s"'>]{1,499}))""", re.IGNORECASE
)
_WORKER = re.compile(r"""serviceWorker\s{0,9}\.\s{0,9}register\s{0,9}\(\s{0,9}["'`]([^"'`]{1,499})["'`]""")
# What a link is for, and what has to come of it; other links (canonical, preconnect) bring nothing.
_LINKS = {
    "stylesheet": "style",
    "icon": "icon",
    "apple-touch-icon": "icon",
    "manifest": "manifest",
    "modulepreload": "script",
}


def references(page: str, body: str) -> tuple[Reference, ...]:
    """What the document at the address *page* names, each once, in its order."""
    text = _uncommented(body)
    return tuple(dict.fromkeys((*_named(page, _outside_scripts(text)), *workers(page, text))))


def workers(page: str, body: str) -> Iterator[Reference]:
    """The service workers that a script registers."""
    for path in _WORKER.findall(body):
        yield from _reference(page, "worker", path)


def icons(manifest: str, body: str) -> Iterator[Reference]:
    """The icons of a web app manifest."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return
    listed = said.get("icons") if isinstance(said, dict) else None
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("src"), str):
            yield from _reference(manifest, "icon", each["src"])


def host_of(url: str) -> str:
    """The host that *url* leads to, with its scheme: ``https://shop.test``."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _named(page: str, body: str) -> Iterator[Reference]:
    for tag, text in _TAG.findall(body):
        said = {name.lower(): html.unescape(one or two or three) for name, one, two, three in _ATTRIBUTE.findall(text)}
        if tag.lower() == "link":
            kinds = [_LINKS[word] for word in said.get("rel", "").lower().split() if word in _LINKS]
            yield from _reference(page, kinds[0], said.get("href", "")) if kinds else ()
        else:
            yield from _reference(page, "script" if tag.lower() == "script" else "image", said.get("src", ""))


def _reference(page: str, kind: str, path: str) -> Iterator[Reference]:
    """One reference by its full address; what is not fetched over HTTP (data:, blob:) is none."""
    try:
        url = urljoin(page, path.strip()).partition("#")[0]
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    except ValueError:
        return
    if path.strip() and scheme in {"http", "https"} and host:
        yield Reference(kind=kind, url=url)


def _uncommented(body: str) -> str:
    kept, rest = "", body
    while "<!--" in rest:
        before, _, rest = rest.partition("<!--")
        kept, rest = kept + before, rest.partition("-->")[2]
    return kept + rest


def _outside_scripts(text: str) -> str:
    """The tags of scripts without what is written between them: a tag in there is a text until somebody writes it."""
    kept, inside = [], False
    for piece in _SCRIPTS.split(text):
        kept += [] if inside else [piece]
        inside = piece[:7].lower() == "<script" or (inside and piece[:8].lower() != "</script")
    return "".join(kept)
