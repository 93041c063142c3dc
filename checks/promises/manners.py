"""How every answer behaves, whatever was asked: protected like the pages, and telling nothing of what runs inside."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.evidence import Response, Responses, Silence
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.routes import apis
from checks.together import together
from checks.wording import quote, several
from checks.world.ports import World

Answer = Response | Silence

_HEALTH = ("/health", "/health/deep")
_HSTS = re.compile(r"max-age\s*=\s*\"?0*[1-9][0-9]*", re.IGNORECASE)
# What gives the inside away, and what it is called. Credentials are taken out of evidence before it is judged.
_INSIDE = (
    (re.compile(r"\[(?:access key|private key|token|credential)\]"), "a credential"),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a credential"),
    (re.compile(r"AWS_(?:SECRET_ACCESS_KEY|SESSION_TOKEN|ACCESS_KEY_ID)"), "credentials by name"),
    (re.compile(r"LAMBDA_TASK_ROOT|AWS_LAMBDA_RUNTIME_API|LD_LIBRARY_PATH|PYTHONPATH"), "its environment"),
    (re.compile(r"Traceback \(most recent call last\)|\bat [\w.$<>]+ \(?/var/task/"), "a stack trace"),
    (re.compile(r"arn:aws[\w-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:"), "an account's number in an ARN"),
)


@promise(
    "cdn.protected",
    says="what is missing and what the API refuses come with HSTS and nosniff, as pages do",
    severity="warning",
    instrument="http",
)
def protected(*, urls: tuple[str, ...]) -> Sight:
    """RFC 6797 7.1 asks for HSTS in every answer over HTTPS; an error in HTML that may be sniffed is a page as well."""
    return Sight(look=partial(_look, urls=urls), judge=judge_protected)


@promise(
    "api.discreet",
    says="what the API says of its health, and of what it does not know, tells nothing of what it runs in",
    severity="critical",
    instrument="http",
)
def discreet(*, urls: tuple[str, ...]) -> Sight:
    """CWE-200 and CWE-209: an answer that prints its environment hands out the function's own credentials."""
    return Sight(look=partial(_look, urls=urls), judge=judge_discreet)


def judge_protected(seen: Responses, _now: datetime) -> Verdict:
    """Each answer, whatever its status, has a lifetime of HSTS that is not zero, and nosniff."""
    expected = "HSTS and nosniff in every answer"
    amiss = [f"{quote(_where(each))}: {why}" for each in seen.responses for why in _bare(each)]
    if amiss or not seen.responses:
        remedy = "give every behaviour of the distribution a response headers policy with override"
        return Verdict.failed(expected=expected, actual=several(amiss or ["no answer"]), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"in {len(seen.responses)} answers")


def judge_discreet(seen: Responses, _now: datetime) -> Verdict:
    """No answer has a credential, a piece of its environment, a stack trace or an account's number in it."""
    expected = "nothing of the inside in any answer"
    amiss = [f"{quote(_where(each))}: {why}" for each in seen.responses for why in _told(each)]
    if amiss or not seen.responses:
        remedy = "take it out of the answer and deploy; keys that were shown are to be revoked (IAM, Revoke sessions)"
        return Verdict.failed(expected=expected, actual=several(amiss or ["no answer"]), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"in {len(seen.responses)} answers")


def checks(target: Target) -> Iterator[Check]:
    """One question to the site with its APIs, and one to each API."""
    asked = []
    for api in apis(target):
        if not api.url:
            continue
        asked += [f"{api.url}/nobody-made-this"] if api.behind else []
        health = [api.at(each)[1] for path, each in api.asked().items() if path in _HEALTH and not each.guarded]
        place = Place(subject=f"{api.subject}/*", stack=api.resource.stack)
        yield discreet(place, urls=(*health, f"{api.url}/nobody-made-this"))
    if target.domain:
        urls = (f"https://{target.domain}/assets/nobody-made-this.js", *asked)
        yield protected(Place(subject=f"{target.domain}/*"), urls=urls)


def _look(world: World, *, urls: tuple[str, ...]) -> Responses:
    """Names that nobody made are made anew: no cache can have them."""
    fresh = (each.replace("nobody-made-this", f"nobody-made-this-{secrets.token_hex(6)}") for each in urls)
    return Responses(responses=together(*(partial(world.http.fetch, each) for each in fresh)))


def _where(answer: Answer) -> str:
    return answer.where if isinstance(answer, Silence) else answer.url


def _bare(answer: Answer) -> Iterator[str]:
    if isinstance(answer, Silence):
        yield answer.reason
        return
    if not _HSTS.search(answer.header("strict-transport-security")):
        yield f"{answer.status} without HSTS"
    if answer.header("x-content-type-options").strip().lower() != "nosniff":
        yield f"{answer.status} without nosniff"


def _told(answer: Answer) -> Iterator[str]:
    if isinstance(answer, Silence):
        yield answer.reason
        return
    yield from dict.fromkeys(what for pattern, what in _INSIDE if pattern.search(answer.body))


PROMISES = (protected, discreet)
