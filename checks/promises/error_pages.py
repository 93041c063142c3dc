"""The pages that the edge shows for errors: each is there to be fetched, or viewers meet another error."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial

from checks import documents, intent
from checks.evidence import Response, Responses, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.together import together
from checks.wording import quote
from checks.world.ports import World

_HTML = ("text/html", "application/xhtml+xml")
# What a page is by its name; a name that is not here may be of any type.
_TYPES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("", "html", "htm", "xhtml"), _HTML),
    "json": ("application/json", "application/problem+json"),
    "xml": ("application/xml", "text/xml"),
    "txt": ("text/plain",),
    "svg": ("image/svg+xml",),
}
_SIGNED = ("TrustedKeyGroups", "TrustedSigners")


@promise(
    "cdn.error_page",
    says="the page that the edge shows for an error is there, of the type that its name says",
    severity="warning",
    instrument="http",
)
def error_page(*, host: str, path: str, told_apart: bool) -> Sight:
    """Pitfall 13 (AWS, "Generate custom error responses"): without the page viewers get the status of its absence.

    Where an application answers for whatever is missing, the page would seem to be there. It is *told_apart* from that
    by a name beside it that nobody made: the very same answer to both is a missing page. The home page itself, and one
    that errors are answered with as a success, are the answer to such names by design, and only have to be there.
    """
    look = partial(_look, host=host, path=path, told_apart=told_apart)
    return Sight(look=look, judge=partial(judge_error_page, path=path))


def judge_error_page(seen: Responses, _now: datetime, *, path: str) -> Verdict:
    """200, whole, of its type, and not what any missing name is answered with."""
    expected = f"200 {' or '.join(_types(path)) or 'of any type'}"
    remedy = f"upload {path} to the origin of its behaviour, or let the template name a page that is there"
    page, *others = seen.responses or (Silence(where=path, reason="nothing was asked"),)
    if isinstance(page, Silence):
        remedy = "see dns.address and tls.certificate of this host; then curl -v the same address"
        return Verdict.failed(expected=expected, actual=f"{quote(page.where)}: {quote(page.reason)}", remedy=remedy)
    actual = f"{page.status} {quote(documents.media_type(page) or 'no content type')}"
    if why := _amiss(page, path, others):
        return Verdict.failed(expected=expected, actual=f"{actual}{why}", remedy=remedy)
    return Verdict.passed(expected=expected, actual=actual)


def checks(target: Target) -> Iterator[Check]:
    """Each page of each distribution once, by the first of our hosts that it serves; not where viewers must sign."""
    for each in target.of_type(intent.DISTRIBUTION):
        config = intent.part(each.properties, "DistributionConfig")
        host = next((host for host in target.hosts if intent.serving(target, host) is each), "")
        home = {"/", "/index.html", f"/{intent.text(config, 'DefaultRootObject')}"}
        shown = [
            (intent.text(one, "ResponsePagePath"), intent.text(one, "ResponseCode"))
            for one in intent.items(config, "CustomErrorResponses")
        ]
        for path in dict.fromkeys(path for path, _ in shown if host and path.startswith("/")):
            if not _signed(config, path):
                succeeds = any(code[:1] in {"", "2"} for page, code in shown if page == path)
                told_apart = path not in home and not succeeds
                yield error_page(Place(subject=f"{host}{path}"), host=host, path=path, told_apart=told_apart)


def _look(world: World, *, host: str, path: str, told_apart: bool) -> Responses:
    folder, _, name = path.rpartition("/")
    ending = f".{name.rpartition('.')[2]}" if "." in name else ""
    nobodys = f"{folder}/nobody-made-this-{secrets.token_hex(6)}{ending}"
    asked = (path, nobodys) if told_apart else (path,)
    return Responses(responses=together(*(partial(world.http.fetch, f"https://{host}{each}") for each in asked)))


def _amiss(page: Response, path: str, others: list[Response | Silence]) -> str:
    """Why it is not the page, to be said behind what it is."""
    types = _types(path)
    if page.status != 200 or (types and documents.media_type(page) not in types):  # noqa: PLR2004 - OK
        return f": {quote(page.body.strip(), 60)}"
    if not page.complete:
        return ", and the body was cut off"
    if not page.body.strip():
        return ", and nothing in it"
    same = (one for one in others if isinstance(one, Response) and (one.status, one.body) == (page.status, page.body))
    return ", the same as for a name that nobody made" if any(same) else ""


def _types(path: str) -> tuple[str, ...]:
    name = path.rpartition("/")[2]
    return _TYPES.get(name.rpartition(".")[2].lower() if "." in name else "", ())


def _signed(config: object, path: str) -> bool:
    """Whether the behaviour that serves *path* lets in signed requests alone, so that ours would be refused."""
    for one in intent.items(config, "CacheBehaviors"):
        if fnmatchcase(path, f"/{intent.text(one, 'PathPattern').removeprefix('/')}"):
            return _asks_for_signatures(one)
    return _asks_for_signatures(intent.part(config, "DefaultCacheBehavior"))


def _asks_for_signatures(behaviour: object) -> bool:
    return any(intent.part(behaviour, each) for each in _SIGNED)


PROMISES = (error_page,)
