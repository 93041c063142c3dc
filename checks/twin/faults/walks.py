"""Faults that only a person meets who signs in and writes: seen by the journeys, which are planned for them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.staging import calls, edge_of
from checks.twin.faults.words import Fault, Stage, Unfit, View

_AUTH, _E2E, _CDN = "Cognito / authentication", "End-to-end journeys", "CloudFront configuration and routing"
_REFUSED = frozenset({401, 403})


def walked(promise: str, tamper: Callable[[], Tamper], *, aws: bool = False) -> Stage:
    """A journey leads through *tamper*, at the edge or, with *aws*, on the way to AWS."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        if not bench.walks:
            raise Unfit("the settings describe no journey")
        named = (f"{promise}[*]",)
        if aws:
            yield View(named=named, aws=tamper(), writes=True)
        else:
            yield View(named=named, edge=edge_of(bench, tamper()), writes=True)

    return stage


def _claims(visit: Visit) -> dict[str, Any]:
    """What the token of a request says; empty without one that can be read."""
    middle = [*visit.header("authorization").partition(" ")[2].split("."), "", ""][1]
    try:
        return dict(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))))
    except ValueError:
        return {}


def _expired(visit: Visit) -> bool:
    return 0 < float(_claims(visit).get("exp", 0)) < time.time()


def _believing(fits: Callable[[Visit], bool]) -> Callable[[], Tamper]:
    """Who is refused is let in all the same, where *fits*."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        let_in = calls(visit) and reply.status in _REFUSED and fits(visit)
        return answer(200, json.dumps({"id": _claims(visit).get("sub", "")})) if let_in else reply

    return lambda: tamper


def _signed_elsewhere(visit: Visit) -> bool:
    """A token that is whole and not over, and yet not one of ours."""
    return bool(_claims(visit)) and not _expired(visit) and not visit.header("authorization").endswith(".")


def _refusing(visit: Visit, onward: Onward) -> Reply | Raw:
    """Whoever shows a token is sent away."""
    if calls(visit) and visit.header("authorization"):
        return answer(401, '{"message": "Unauthorized"}')
    return onward(visit)


def _tokenless(visit: Visit, onward: Onward) -> Reply | Raw:
    """The edge takes the token out of what is read."""
    return onward(visit.without("authorization")) if calls(visit) and visit.method == "GET" else onward(visit)


def _forgetful() -> Tamper:
    """The edge keeps one person's answer for everybody who asks the same."""
    kept: dict[str, Reply] = {}

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        if not calls(visit) or visit.method != "GET" or not visit.header("authorization"):
            return onward(visit)
        reply = kept.get(visit.target) or onward(visit)
        if reply.status not in _REFUSED:
            kept[visit.target] = reply
        return reply

    return tamper


def _ownerless() -> Tamper:
    """Whose a thing is nobody asks: what is refused to one is done for whoever made it."""
    makers: dict[str, str] = {}

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        if not calls(visit) or visit.method == "GET":
            return reply
        if visit.method == "POST" and reply.status in {200, 201}:
            made = json.loads(reply.body or b"{}")
            makers[str(made.get("id", "")) if isinstance(made, dict) else ""] = visit.header("authorization")
        owner = next((token for made, token in makers.items() if made and made in visit.path), "")
        if reply.status not in {*_REFUSED, 404} or not owner:
            return reply
        kept = visit.without("authorization")
        return onward(replace(kept, headers=(*kept.headers, ("Authorization", owner))))

    return tamper


def _changed(fits: Callable[[Visit], bool], change: Callable[[bytes], bytes]) -> Callable[[], Tamper]:
    """What is read where *fits* is *change*d on its way."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        if not (calls(visit) and visit.method == "GET" and reply.status == 200 and fits(visit)):  # noqa: PLR2004 - OK
            return reply
        return Reply(status=reply.status, headers=reply.headers, body=change(reply.body))

    return lambda: tamper


def _one(visit: Visit) -> bool:
    return "/jobs/" in visit.path


def _list(visit: Visit) -> bool:
    return visit.path.rstrip("/").endswith("/me/jobs")


def _older(body: bytes) -> bytes:
    seen = json.loads(body)
    return json.dumps({**seen, "title": "as it was before"}).encode() if isinstance(seen, dict) else body


def _emptied(body: bytes) -> bytes:
    seen = json.loads(body)
    return json.dumps({key: [] if isinstance(value, list) else value for key, value in seen.items()}).encode()


def _mangled(body: bytes) -> bytes:
    """UTF-8 that was read as Latin-1 and written as UTF-8 again."""
    return json.dumps(json.loads(body), ensure_ascii=False).encode().decode("latin-1").encode()


def _of_cognito(fits: Callable[[dict[str, Any]], bool], code: str, message: str) -> Callable[[], Tamper]:
    """Cognito refuses the sign-ins that fit, in these words."""
    body = json.dumps({"__type": code, "message": message})
    refusal = answer(400, body, "application/x-amz-json-1.1", x_amzn_requestid="rehearsed", x_amzn_errortype=code)

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        asked = visit.service == "cognito-idp" and visit.operation.endswith("InitiateAuth")
        return refusal if asked and fits(json.loads(visit.body)) else onward(visit)

    return lambda: tamper


_WALKS = ("journeys.*",)

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="AUTH-07",
        family=_AUTH,
        breaks="whoever signs in is told to be locked",
        promise="journeys.signed_in",
        stage=walked(
            "journeys.signed_in", _of_cognito(lambda _: True, "NotAuthorizedException", "User is disabled."), aws=True
        ),
        behind=_WALKS,
        fidelity="patched",
    ),
    Fault(
        id="AUTH-18",
        family=_AUTH,
        breaks="an expired token opens",
        promise="journeys.refused",
        stage=walked("journeys.refused", _believing(_expired)),
        behind=("api.forged[*]",),
    ),
    Fault(
        id="AUTH-19",
        family=_AUTH,
        breaks="a token of another pool opens",
        promise="journeys.refused",
        stage=walked("journeys.refused", _believing(_signed_elsewhere)),
        behind=("api.forged[*]", "journeys.*"),
    ),
    Fault(
        id="AUTH-21",
        family=_AUTH,
        breaks="a good token is refused",
        promise="journeys.signed_in",
        stage=walked("journeys.signed_in", lambda: _refusing),
        behind=_WALKS,
    ),
    Fault(
        id="AUTH-22",
        family=_AUTH,
        breaks="one user changes another's rows",
        promise="journeys.isolated",
        stage=walked("journeys.isolated", _ownerless),
        behind=_WALKS,
    ),
    Fault(
        id="AUTH-25",
        family=_AUTH,
        breaks="signing in again without a password fails",
        promise="journeys.signed_in",
        stage=walked(
            "journeys.signed_in",
            _of_cognito(
                lambda asked: "REFRESH" in asked.get("AuthFlow", ""), "NotAuthorizedException", "Invalid Refresh Token"
            ),
            aws=True,
        ),
        fidelity="patched",
    ),
    Fault(
        id="CF-18",
        family=_CDN,
        breaks="the edge takes the token out of what is read",
        promise="journeys.signed_in",
        stage=walked("journeys.signed_in", lambda: _tokenless),
        behind=_WALKS,
    ),
    Fault(
        id="CF-21",
        family=_CDN,
        breaks="the edge keeps one user's answer for another",
        promise="journeys.isolated",
        stage=walked("journeys.isolated", _forgetful),
        behind=(*_WALKS, "api.*"),
    ),
    Fault(
        id="E2E-02",
        family=_E2E,
        breaks="what is read is not what was written",
        promise="journeys.written",
        stage=walked("journeys.written", _changed(_one, _older)),
    ),
    Fault(
        id="E2E-03",
        family=_E2E,
        breaks="what was written is not found",
        promise="journeys.written",
        stage=walked("journeys.written", _changed(_list, _emptied)),
        behind=_WALKS,
    ),
    Fault(
        id="E2E-06",
        family=_E2E,
        breaks="letters are mangled",
        promise="journeys.written",
        stage=walked("journeys.written", _changed(_one, _mangled)),
    ),
)
