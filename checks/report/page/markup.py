"""HTML in which a stranger's words can only ever be words."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from checks.report.text import plain


@dataclass(frozen=True, slots=True)
class Markup:
    """A piece of HTML that was built here. Whatever is plain text instead is escaped when it is put into one."""

    html: str


Inside = Markup | str
NOTHING = Markup("")


def element(tag: str, *inside: Inside, **attributes: str | int) -> Markup:
    """One element. Attributes are ours alone: no word of a document may become one.

    ``class_`` is class, ``data_kind`` is data-kind.
    """
    return Markup(f"<{tag}{_attributes(attributes)}>{joined(*inside).html}</{tag}>")


def single(tag: str, **attributes: str | int) -> Markup:
    """An element that can hold nothing, such as ``meta``."""
    return Markup(f"<{tag}{_attributes(attributes)}>")


def joined(*inside: Inside) -> Markup:
    """Several pieces, one behind the other."""
    return Markup("".join(each.html if isinstance(each, Markup) else _text(each) for each in inside))


def cut(text: str, most: int) -> str:
    """At most *most* characters of *text*, and how many more the run document holds."""
    more = len(text) - most
    return text if more <= 0 else f"{text[:most]} … {more} more characters in the run document"


def preformatted(text: str) -> Markup:
    """Text whose lines are kept as they are."""
    lines = "\n".join(_text(line) for line in text.split("\n"))
    # A browser swallows one line break at the start, so that one is given away.
    return Markup(f"<pre>\n{lines}</pre>")


def _text(text: str) -> str:
    return escape(plain(text), quote=False)


def _attributes(attributes: dict[str, str | int]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for name, value in attributes.items()
    )
