"""What the site was built with: the user pool, the client and the APIs that it names are those of this deployment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urljoin

from checks import documents, intent
from checks.evidence import Asset, Mention, Mentions, Response, Silence
from checks.identifiers import API, CLIENT, DOMAIN, IDENTITIES, POOL, REGION, Id, ids_in
from checks.model import Check, Place, Resource, Sight, Target, Verdict, promise
from checks.references import host_of, references
from checks.together import together
from checks.wording import left_out, quote, several
from checks.world.ports import World

_OK = 200
_PART = 206
# Where a build leaves what is only known when it is deployed, whether or not a script is seen to name it.
_USUAL = "/config.json"
# A document that a page or a script fetches for it.
_NAMED = re.compile(
    r"""["'`]([\w./-]{0,99}(?:config|settings|env|amplify|exports|outputs)[\w.-]{0,40}\.json)["'`]""", re.IGNORECASE
)
_MOST_DOCUMENTS = 8
_MOST_PARTS = 60
# An answer is read this far; of a longer script the rest is asked for in pieces, which overlap by more than an id.
_PIECE = 65_536
_OVERLAP = 256
_MOST_PIECES = 32
_KINDS = {
    "AWS::Cognito::UserPool": POOL,
    "AWS::Cognito::UserPoolClient": CLIENT,
    "AWS::Cognito::IdentityPool": IDENTITIES,
    "AWS::Cognito::UserPoolDomain": DOMAIN,
    "AWS::ApiGateway::RestApi": API,
    "AWS::ApiGatewayV2::Api": API,
}


@promise(
    "site.configured",
    says="the user pools, app clients, APIs and regions that the built site names are those of this deployment",
    severity="critical",
    instrument="http",
)
def configured(*, host: str, known: tuple[Id, ...]) -> Sight:
    """AWS: a token of another pool is 401 everywhere; a site that was built for another stage works, with its data."""
    return Sight(look=partial(_look, host=host), judge=partial(judge_configured, known=known))


def judge_configured(seen: Mentions, _now: datetime, *, known: tuple[Id, ...]) -> Verdict:
    """Each id of a kind that the deployment has is one of its own; of other kinds nothing can be said."""
    kinds = {kind for kind, _ in known}
    expected = f"no {' or '.join(sorted(kinds)) or 'id'} but those of this deployment{left_out(seen.unread)}"
    match seen.page:
        case Silence(where=where, reason=reason):
            actual = f"{quote(where)}: {quote(reason)}"
            return Verdict.failed(expected=expected, actual=actual, remedy="see dns.address of this host")
        case Asset(status=status, page=page) if status != _OK or not page:
            actual = f"{quote(seen.page.url)} is {status}{'' if page else ' and no page'}"
            return Verdict.failed(expected=expected, actual=actual, remedy="see cdn.home of this host")
    foreign = [each for each in seen.mentions if each.kind in kinds and (each.kind, each.id) not in known]
    if foreign:
        remedy = "build the site again with the outputs of this stack, upload it, and invalidate what keeps its name"
        actual = several(f"{each.kind} {each.id} in {each.url}" for each in foreign)
        return Verdict.failed(expected=expected, actual=actual, remedy=remedy)
    own = sorted({f"{each.kind} {each.id}" for each in seen.mentions if (each.kind, each.id) in known})
    return Verdict.passed(expected=expected, actual=f"{several(own)} in {seen.read} documents")


def checks(target: Target) -> Iterator[Check]:
    """One question about the site; a target that has none of all that is not asked."""
    known = tuple(sorted(set(_known(target))))
    if target.domain and known:
        yield configured(Place(subject=target.domain), host=target.domain, known=known)


def _known(target: Target) -> Iterator[Id]:
    """The ids of the target's own resources, and whatever else its templates and outputs name: somebody meant it."""
    for kind, what in _KINDS.items():
        for one in target.of_type(kind):
            yield what, _id_of(one)
            yield REGION, one.region
            # A page that is told of its pool is told of its bucket too, which may be elsewhere.
            yield from ((REGION, each.region) for each in target.of_type("AWS::S3::Bucket"))
    for stack in target.stacks:
        for text in (*stack.outputs.values(), *(each for one in stack.resources for each in _texts(one.properties))):
            yield from ((kind, found) for kind, found in ids_in(text) if kind != CLIENT)
    for authorizer in target.of_type("AWS::ApiGatewayV2::Authorizer"):
        yield from ((CLIENT, each) for each in intent.texts(authorizer.properties, "JwtConfiguration", "Audience"))


def _id_of(one: Resource) -> str:
    """CloudFormation calls some by two names; the last is their own."""
    return one.physical_id.rpartition("|")[2]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for each in value.values() for text in _texts(each))
    elif isinstance(value, (list, tuple)):
        yield from (text for each in value for text in _texts(each))


def _look(world: World, *, host: str) -> Mentions:
    """The page, its own scripts to their ends, and the documents that these fetch."""
    home = world.http.fetch(f"https://{host}/")
    if isinstance(home, Silence):
        return Mentions(page=home, read=0, mentions=())
    own = f"https://{host}"
    scripts = [each.url for each in references(home.url, home.body) if each.kind == "script"]
    mine = [each for each in dict.fromkeys(scripts) if host_of(each) == own]
    answers = together(*(partial(world.http.fetch, each) for each in mine[:_MOST_PARTS]))
    code = [_read(world, each) for each in (home, *answers)]
    named = dict.fromkeys((f"{own}{_USUAL}", *(url for text, _ in code for url in _documents(own, text))))
    told = together(*(partial(world.http.fetch, each) for each in [*named][: _MOST_DOCUMENTS + 1]))
    texts = [
        *zip((home.url, *mine), code, strict=False),
        *((each, _text(answer)) for each, answer in _zip(named, told)),
    ]
    return Mentions(
        page=_slim(home),
        read=sum(1 for _, (text, _) in texts if text),
        mentions=tuple(dict.fromkeys(each for url, (text, _) in texts for each in _mentions(url, text))),
        unread=tuple(f"the rest of {url}" for url, (_, whole) in texts if not whole),
    )


def _zip(named: Mapping[str, None], told: Sequence[Response | Silence]) -> Iterator[tuple[str, Response | Silence]]:
    return zip(named, told, strict=False)


def _documents(own: str, text: str) -> Iterator[str]:
    """Below the root: a script's own folder says nothing of where its page fetches from."""
    for path in _NAMED.findall(text)[:_MOST_DOCUMENTS]:
        url = urljoin(f"{own}/", path)
        if host_of(url) == own:
            yield url


def _mentions(url: str, text: str) -> Iterator[Mention]:
    for kind, found in ids_in(text, document=url.endswith(".json")):
        yield Mention(kind=kind, id=found, url=url)


def _text(answer: Response | Silence) -> tuple[str, bool]:
    """What was served, and whether that is all of it. What is not there says nothing."""
    if isinstance(answer, Silence) or answer.status not in {_OK, _PART}:
        return "", True
    return answer.body, not answer.capped


def _read(world: World, answer: Response | Silence) -> tuple[str, bool]:
    """The whole text, the rest of it in pieces (RFC 9110, 14.2) where it is longer than a look reads."""
    text, whole = _text(answer)
    if whole or isinstance(answer, Silence):
        return text, whole
    length = answer.header("content-length")
    size = int(length) if length.isdecimal() else 0
    starts = range(_PIECE - _OVERLAP, size, _PIECE - _OVERLAP)
    rest = [
        _text(each)
        for each in together(*(partial(_piece, world, answer.url, start) for start in starts[:_MOST_PIECES]))
        if isinstance(each, Response) and each.status == _PART
    ]
    return text + "\n".join(("", *(each for each, _ in rest))), 0 < len(starts) == len(rest)


def _piece(world: World, url: str, start: int) -> Response | Silence:
    return world.http.fetch(url, headers={"range": f"bytes={start}-{start + _PIECE - 1}"})


def _slim(home: Response) -> Asset:
    return Asset(
        url=home.url,
        status=home.status,
        type=documents.media_type(home),
        cache=home.header("cache-control"),
        complete=home.complete,
        page=documents.begins_like_page(home.body),
        listing=False,
    )


PROMISES = (configured,)
