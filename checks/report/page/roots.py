"""What somebody must act on: each root with its promise, what to do, what was seen, and what it explains."""

from __future__ import annotations

from checks.report import story
from checks.report.page.markup import NOTHING, Markup, cut, element, joined
from checks.report.page.told import STORY, Page, attempts, folded, link, mark, rows, settling
from checks.report.story import Told

# More names than these are read by nobody at once.
_MOST_NAMES = 8
_MOST_BEHIND = 100


def section(page: Page) -> Markup:
    """The stories of the roots, the gravest first; it says so when there is nothing to act on."""
    many = len(page.roots)
    if not many:
        return _none(page)
    title = element("h2", f"To act on ({many})", id="act")
    told = [_story(each, page) for each in page.roots[: len(page.stories)]]
    more = many - len(told)
    rest = element("p", f"{more} more are in the tables of all results below.") if more else NOTHING
    return element("section", title, *told, rest, aria_labelledby="act")


def _none(page: Page) -> Markup:
    if page.document["void"]:
        return NOTHING
    told = "Every promise was seen to hold, or somebody decided to live without it."
    title = element("h2", "Nothing to act on", id="act")
    return element("section", title, element("p", told), aria_labelledby="act")


def _story(root: Told, page: Page) -> Markup:
    where = page.stories[root["name"]]
    heading = element("h3", mark(root), " ", cut(root["name"], STORY.text), id=where)
    told = rows(
        ("promise", cut(root["promise"], STORY.text)),
        ("expected", cut(root["expected"], STORY.text)),
        ("actual", cut(root["actual"], STORY.text)),
        ("do", cut(root["remedy"], STORY.text)),
        ("attempts", attempts(root, STORY)),
        ("settling", settling(root)),
        ("owner", cut(root.get("owner") or "", STORY.text)),
        ("explains", _explained(root, page)),
        ("weight", _weight(root, page)),
    )
    kept = [
        folded("evidence", root["evidence"], STORY.evidence),
        folded("parameters", root["params"], STORY.text),
        folded("trace of our own defect", root["harness_error"], STORY.evidence),
    ]
    return element("article", heading, told, *kept, aria_labelledby=where)


def _weight(root: Told, page: Page) -> str:
    weighs = "changes the verdict" if story.weighs(root, page.document) else "changes no verdict"
    return f"{root['severity']}, {weighs}"


def _explained(root: Told, page: Page) -> Markup:
    names = [each["name"] for each in story.behind(page.document, root)]
    if not names:
        return NOTHING
    items = [element("li", link(each, page)) for each in names[:_MOST_BEHIND]]
    if len(names) > _MOST_BEHIND:
        items.append(element("li", f"and {len(names) - _MOST_BEHIND} more"))
    told = element("ul", *items)
    several = f"{len(names)} blocked"
    if len(names) <= _MOST_NAMES:
        return joined(several, told)
    return element("details", element("summary", several), told)
