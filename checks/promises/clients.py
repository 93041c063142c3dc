"""App clients: what signs people in lets nobody in by a side door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, ClientSeen, PoolSeen, SignIn
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.wording import left_out, quote, several
from checks.world.ports import World

_SECONDS: Mapping[str, int] = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
# The token, and how long it lives where a template is silent (CloudFormation reference, AWS::Cognito::UserPoolClient).
_LIVES: Mapping[str, tuple[str, int]] = {
    "AccessToken": ("hours", 1),
    "IdToken": ("hours", 1),
    "RefreshToken": ("days", 30),
}


@promise(
    "auth.client",
    says="the app client grants no implicit token, returns to our hosts alone, tells no users apart, lets nobody write "
    "attributes beyond the template's, and its flows and tokens are those of the template",
    severity="critical",
    instrument="aws",
    actions=("cognito-idp:DescribeUserPoolClient", "cognito-idp:DescribeUserPool"),
)
def client(
    *,
    region: str,
    pool: str,
    client: str,
    hosts: tuple[str, ...],
    writable: tuple[str, ...] | None,
    words: intent.Words,
    gaps: tuple[str, ...],
) -> Sight:
    """Pitfall 61, and RFC 9700, 2.1: a role that its owner can write is no role; a token in a URL is everybody's.

    *writable* is None where the template leaves it open.
    """
    judge = partial(judge_client, client=client, hosts=hosts, writable=writable, words=words, gaps=gaps)
    return Sight(look=partial(_look_client, region=region, pool=pool, client=client), judge=judge)


def judge_client(
    seen: SignIn,
    _now: datetime,
    *,
    client: str,
    hosts: tuple[str, ...],
    writable: tuple[str, ...] | None,
    words: intent.Words,
    gaps: tuple[str, ...],
) -> Verdict:
    """What no client should have, then what is otherwise than the template says."""
    writes = several(writable) if writable else "anything" if writable is None else "no attribute of the pool's own"
    expected = f"client {client} without implicit grant, returning to {several(hosts) if hosts else 'its own site'}, "
    expected += f"users not told apart, writing {writes}, {intent.said(words)}{left_out(gaps)}"
    if isinstance(seen.client, Absent):
        remedy = "deploy the stack again, then build the site with the new client's id"
        return Verdict.failed(expected=expected, actual=f"there is no client {quote(client)}", remedy=remedy)
    open_doors = [*_open_doors(seen.client, hosts), *_beyond(seen.client, seen.pool, writable)]
    other = intent.differences(words, _of_client(seen.client))
    if not open_doors and not other:
        return Verdict.passed(expected=expected, actual="so it is")
    remedy = "deploy the stack again; what the template itself leaves open, close there"
    return Verdict.failed(expected=expected, actual=several([*open_doors, *other]), remedy=remedy)


def _open_doors(seen: ClientSeen, hosts: tuple[str, ...]) -> Iterator[str]:
    if seen.hides_users != "ENABLED":
        yield f"tells users apart (PreventUserExistenceErrors {seen.hides_users or 'not set'})"
    if seen.signs_in and "implicit" in seen.grants:
        yield "implicit grant"
    if seen.signs_in and hosts:
        yield from (f"returns to {url}" for url in (*seen.callbacks, *seen.logouts) if _host(url) not in hosts)


def _beyond(seen: ClientSeen, pool: PoolSeen | Absent, writable: tuple[str, ...] | None) -> Iterator[str]:
    """Attributes that users may write and the template does not list; without a list of its own a client has all."""
    if writable is None:
        return
    own = pool.custom if isinstance(pool, PoolSeen) else ()
    live = own if seen.writable is None else seen.writable
    for name in live:
        if name not in writable and (writable or ":" in name):
            yield f"lets its users write {name}"
    if seen.writable is None and writable:
        yield "lets its users write every attribute"


def _host(url: str) -> str:
    """The host of an https URL; empty for anything else, and where it hides behind a name."""
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0]
    return "" if scheme.lower() != "https" or "@" in authority else authority.partition(":")[0].lower()


def _of_client(seen: ClientSeen) -> Mapping[str, str]:
    return {
        "flows": intent.plain(seen.flows),
        "callbacks": intent.plain(seen.callbacks if seen.signs_in else ()),
        "AccessToken": _told(seen.access),
        "IdToken": _told(seen.identity),
        "RefreshToken": _told(seen.refresh),
    }


def _told(seconds: int) -> str:
    return f"for {seconds} s"


def checks(target: Target) -> Iterator[Check]:
    """One promise about every app client whose pool is known."""
    for found in target.of_type("AWS::Cognito::UserPoolClient"):
        yield from _about_client(target, found)


def _about_client(target: Target, found: Resource) -> Iterator[Check]:
    said, name = found.properties, found.physical_id
    owner = intent.text(said, "UserPoolId")
    if not owner:
        return
    signs_in = intent.text(said, "AllowedOAuthFlowsUserPoolClient") == "true"
    wanted = {token: _life(said, token) for token in _LIVES}
    if said.get("ExplicitAuthFlows") is not None:
        wanted["flows"] = said["ExplicitAuthFlows"]
    if signs_in:
        wanted["callbacks"] = said.get("CallbackURLs")
    words, gaps = intent.known(wanted)
    open_list = intent.gaps(said, "WriteAttributes")
    yield client(
        found.place(target.arn("cognito-idp", found.region, f"userpool/{owner}")),
        region=found.region,
        pool=owner,
        client=name,
        hosts=target.hosts,
        writable=None if open_list else tuple(sorted(intent.texts(said, "WriteAttributes"))),
        words=words,
        gaps=(*gaps, *open_list),
    )


def _life(said: object, token: str) -> object:
    """How long a token lives, as ``_told``; what the template leaves open where it does."""
    parts = (intent.part(said, f"{token}Validity"), intent.part(said, "TokenValidityUnits", token))
    if intent.gaps(parts):
        return parts
    unit, length = _LIVES[token]
    number = intent.text(parts[0])
    if not number.isdecimal() or not int(number):
        return _told(length * _SECONDS[unit])
    return _told(int(number) * _SECONDS.get(intent.text(parts[1]) or unit, 0))


def _look_client(world: World, *, region: str, pool: str, client: str) -> SignIn:
    return SignIn(client=world.aws.user_pool_client(region, pool, client), pool=world.aws.user_pool(region, pool))


PROMISES = (client,)
