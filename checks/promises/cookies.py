"""Cookies: whatever any answer sets, nobody on the way, no script and no foreign site has the use of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

from checks.evidence import Cookie, Cookies, Response, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.references import host_of, references
from checks.routes import HTTP_API, apis, http_gets
from checks.together import together
from checks.wording import quote, several
from checks.world.ports import World

# Load balancers set these by themselves, say nothing of a person in them, and cannot be told how (AWS: "Sticky
# sessions for your Application Load Balancer").
_BALANCERS = frozenset({"awsalb", "awsalbcors", "awsalbtg", "awsalbtgcors", "awselb", "awselbcors"})
# For scripts to read, which send them back to prove that they are of the same site (OWASP: double submit), or to keep
# what they solved (AWS WAF: "Token characteristics").
_READ_BY_SCRIPTS = frozenset({"xsrf-token", "csrf-token", "csrftoken", "_csrf", "x-csrf-token", "aws-waf-token"})
# What somebody likes, by which nobody is known.
_TASTES = frozenset(
    {"next_locale", "i18next", "i18n_redirected", "lang", "language", "locale", "theme", "color-scheme"}
)
_CONFINED = frozenset({"lax", "strict"})
# Of what a page names; a browser would fetch more.
_MOST = 60


@promise(
    "cdn.cookies",
    says="every cookie of the site is sent under HTTPS alone, hidden from scripts and kept from foreign sites",
    severity="critical",
    instrument="http",
)
def of_site(*, host: str, urls: tuple[str, ...]) -> Sight:
    """RFC 6265bis, 4.1.2: Secure, HttpOnly and SameSite; without them a session is whose who listens or embeds."""
    return Sight(look=partial(_look_site, host=host, urls=urls), judge=judge_cookies)


@promise(
    "api.cookies",
    says="every cookie of the API is sent under HTTPS alone, hidden from scripts and kept from foreign sites",
    severity="critical",
    instrument="http",
)
def of_api(*, urls: tuple[str, ...]) -> Sight:
    """RFC 6265bis, 4.1.2; an API that is called with a token sets none at all."""
    return Sight(look=partial(_look, urls=urls), judge=judge_cookies)


def judge_cookies(seen: Cookies, _now: datetime) -> Verdict:
    """Each that is not being taken away has Secure, HttpOnly and SameSite=Lax or Strict, and keeps what its name says.

    Those of load balancers are theirs, those of a language or a theme tell of nobody; some are for scripts to read.
    """
    expected = "Secure, HttpOnly and SameSite=Lax or Strict in every cookie"
    amiss = [
        f"{quote(each.name, 40)} of {quote(each.url, 80)}: {', '.join(why)}"
        for each in seen.cookies
        if (why := tuple(_lacks(each)))
    ]
    amiss += [f"{each.where}: {each.reason}" for each in seen.silent]
    if amiss or not seen.answers:
        remedy = "set it with Secure; HttpOnly; SameSite=Lax, or send the token in a header instead of a cookie"
        return Verdict.failed(expected=expected, actual=several(amiss or ["no answer"]), remedy=remedy)
    names = sorted({quote(each.name, 40) for each in seen.cookies if not each.ended})
    return Verdict.passed(expected=expected, actual=f"{several(names)} in {seen.answers} answers")


def checks(target: Target) -> Iterator[Check]:
    """Each host of the site, and each API, by what is asked of them anyway."""
    for host in target.hosts:
        paths = ["/", *target.spa_paths] if host == target.domain else ["/"]
        # Under HTTP as well: what is set there everybody on the way has read.
        urls = (f"http://{host}/?kept=1", *(f"https://{host}{path}" for path in dict.fromkeys(paths)))
        yield of_site(Place(subject=host), host=host, urls=urls)
    for api in apis(target):
        asked = tuple(api.at(each)[1] for each in api.asked().values())
        if asked:
            yield of_api(Place(subject=f"{api.subject}/*", stack=api.resource.stack), urls=asked)
    for one in target.of_type(HTTP_API):
        if urls := tuple(http_gets(target, one)):
            yield of_api(Place(subject=f"{one.subject}/*", stack=one.stack), urls=urls)


def cookies_of(answer: Response, now: datetime) -> Iterator[Cookie]:
    """What an answer sets, as a browser reads it (RFC 6265bis, 5.6); what has no name sets nothing that is sent."""
    for key, value in answer.headers:
        if key == "set-cookie":
            pair, *rest = value.split(";")
            name = pair.partition("=")[0].strip() if "=" in pair else ""
            # Of an attribute that comes twice the last counts.
            said = {word.strip().lower(): text.strip() for word, _, text in (each.partition("=") for each in rest)}
            yield Cookie(
                url=answer.url,
                name=name,
                secure="secure" in said,
                http_only="httponly" in said,
                same_site=said.get("samesite", "").lower(),
                own=not said.get("domain"),
                path=said.get("path", ""),
                ended=_is_over(said, now),
            )


def _lacks(one: Cookie) -> Iterator[str]:
    name = one.name.lower()
    if one.ended or name in _BALANCERS or name in _TASTES:
        return
    if not one.secure:
        yield "no Secure"
    if not one.http_only and name not in _READ_BY_SCRIPTS:
        yield "no HttpOnly"
    if one.same_site not in _CONFINED:
        yield f"SameSite={quote(one.same_site, 20)}" if one.same_site else "no SameSite"
    # A browser refuses it, so that nobody stays signed in (RFC 6265bis, 4.1.3).
    if name.startswith("__host-") and not (one.own and one.path == "/"):
        yield "a __Host- cookie with a domain, or without Path=/"


def _is_over(said: dict[str, str], now: datetime) -> bool:
    """Max-Age goes before Expires; a date that cannot be read is none."""
    age = said.get("max-age", "")
    if age.lstrip("-").isdecimal():
        return age.startswith("-") or not age.strip("0")
    try:
        end = parsedate_to_datetime(said.get("expires", ""))
    except (ValueError, TypeError):
        return False
    return (end if end.tzinfo else end.replace(tzinfo=UTC)) <= now


def _look(world: World, *, urls: Sequence[str]) -> Cookies:
    return _seen(world, together(*(partial(world.http.fetch, each) for each in urls)))


def _look_site(world: World, *, host: str, urls: tuple[str, ...]) -> Cookies:
    """The pages, then the parts of the home page that are the site's own."""
    first = together(*(partial(world.http.fetch, each) for each in urls))
    home = next((each for each in first if isinstance(each, Response) and each.url == f"https://{host}/"), None)
    named = references(home.url, home.body) if home else ()
    own = [each.url for each in named if host_of(each.url) == f"https://{host}" and each.url not in urls]
    return _seen(world, (*first, *together(*(partial(world.http.fetch, each) for each in own[:_MOST]))))


def _seen(world: World, answers: Sequence[Response | Silence]) -> Cookies:
    now = world.clock.now()
    there = [each for each in answers if isinstance(each, Response)]
    return Cookies(
        answers=len(there),
        cookies=tuple(cookie for each in there for cookie in cookies_of(each, now)),
        # Who does not answer under HTTP sets nothing there.
        silent=tuple(each for each in answers if isinstance(each, Silence) and not each.where.endswith(":80")),
    )


PROMISES = (of_site, of_api)
