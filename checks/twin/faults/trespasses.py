"""Faults that let people have what they must not, or keep from them what is theirs: pages, files, others' routes."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.keeping import may
from checks.twin.faults.staging import calls, edge_of
from checks.twin.faults.walks import walked
from checks.twin.faults.words import Fault, Unfit, View

_AUTH, _API, _E2E, _FILES = "Cognito / authentication", "API Gateway", "End-to-end journeys", "S3 buckets"
_SUCCESS, _FORBIDDEN = 200, 403


def _without_cursor(visit: Visit, onward: Onward) -> Reply | Raw:
    """Wherever a list of somebody who has signed in is to go on, it begins anew."""
    split = urlsplit(visit.target)
    kept = [pair for pair in parse_qsl(split.query) if pair[0] != "cursor"]
    return onward(replace(visit, target=split._replace(query=urlencode(kept)).geturl()) if _signed_in(visit) else visit)


def _signed_in(visit: Visit) -> bool:
    # Whoever asks without a token asks for what is refused, a cursor of their own making for one.
    return calls(visit) and bool(visit.header("authorization"))


def _further(**words: object) -> Tamper:
    """Each page behind the first says something else of itself."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        behind = calls(visit) and "cursor=" in visit.target and reply.status == _SUCCESS
        return reply.amended(lambda page: page.update(words)) if behind else reply

    return tamper


def _open_to_all(visit: Visit, onward: Onward) -> Reply | Raw:
    """Nobody asks what group somebody is in."""
    reply = onward(visit)
    kept = calls(visit) and reply.status == _FORBIDDEN and visit.header("authorization")
    return answer(_SUCCESS, '{"items": []}') if kept and "/stories/" in visit.path else reply


def _never_locked(visit: Visit, onward: Onward) -> Reply | Raw:
    """Each wrong password is told to be wrong, and no more than that."""
    reply = onward(visit)
    refused = visit.service == "cognito-idp" and visit.operation.endswith("InitiateAuth") and reply.status != _SUCCESS

    def wrong(said: dict[str, Any]) -> None:
        said["message"] = "Incorrect username or password."

    return reply.amended(wrong) if refused else reply


def _unable(document: dict[str, Any]) -> dict[str, Any]:
    denied = {"Effect": "Deny", "Action": ["s3:PutObject"], "Resource": "*"}
    return {**document, "Statement": [*document["Statement"], denied]}


@contextmanager
def no_uploads(bench: Bench) -> Iterator[View]:
    """The API signs leave to upload that its own role has not got."""
    if not bench.walks:
        raise Unfit("the settings describe no journey")
    undo = may(_unable)(bench, bench.check("roles.policy", "/ApiFunction/Role"))
    try:
        yield View(named=("journeys.uploaded[*]",), writes=True)
    finally:
        undo()


def _page(body: bytes) -> Reply:
    return Reply(status=_SUCCESS, headers=(("Content-Type", "text/html"),), body=body)


def _anybodys_page(visit: Visit, onward: Onward) -> Reply | Raw:
    """Below ``/uploads`` the site has a page that somebody put there."""
    theirs = visit.secure and visit.path.startswith("/uploads/") and visit.path.endswith(".html")
    return _page(b"<!doctype html><script>alert(document.domain)</script>") if theirs else onward(visit)


@contextmanager
def shown_as_pages(bench: Bench) -> Iterator[View]:
    """Below ``/uploads`` the site shows whatever is in the bucket of uploads, as a page."""
    if not bench.walks:
        raise Unfit("the settings describe no journey")
    bucket = bench.check("buckets.present", "Storage/").params
    store = bench.aws("s3", str(bucket["region"]))
    trust = ssl.create_default_context(cafile=str(bench.twin.ca_bundle))

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        if not (visit.secure and visit.path.startswith("/uploads/")):
            return onward(visit)
        # Signing talks to nobody: the connections of the client are those of the process that it was made in.
        wanted = {"Bucket": str(bucket["name"]), "Key": unquote(visit.path.removeprefix("/uploads/"))}
        try:
            with urllib.request.urlopen(  # noqa: S310 - the twin's own address
                store.generate_presigned_url("get_object", Params=wanted), context=trust, timeout=30
            ) as got:
                return _page(got.read())
        except urllib.error.HTTPError:
            return onward(visit)

    yield View(named=("journeys.harmless[*]",), edge=edge_of(bench, tamper), writes=True)


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="E2E-07",
        family=_E2E,
        breaks="the second page repeats the first",
        promise="journeys.paged",
        stage=walked("journeys.paged", lambda: _without_cursor),
    ),
    Fault(
        id="X-E2E-01",
        family=_E2E,
        breaks="every page but the first is empty",
        promise="journeys.paged",
        stage=walked("journeys.paged", lambda: _further(items=[])),
    ),
    Fault(
        id="X-E2E-02",
        family=_E2E,
        breaks="a list ends with its second page",
        promise="journeys.paged",
        stage=walked("journeys.paged", lambda: _further(nextCursor=None)),
    ),
    Fault(
        id="API-33",
        family=_API,
        breaks="a route for administrators is open to everybody who signed in",
        promise="journeys.closed",
        stage=walked("journeys.closed", lambda: _open_to_all),
    ),
    Fault(
        id="S3-19",
        family=_FILES,
        breaks="uploads are refused",
        promise="journeys.uploaded",
        stage=no_uploads,
        behind=("roles.policy[*]", "journeys.*"),
    ),
    Fault(
        id="S3-22",
        family=_FILES,
        breaks="uploads are shown as pages",
        promise="journeys.harmless",
        stage=walked("journeys.harmless", lambda: _anybodys_page),
    ),
    Fault(
        id="X-S3-02",
        family=_FILES,
        breaks="a page that was uploaded as a picture is shown as a page",
        promise="journeys.harmless",
        stage=shown_as_pages,
    ),
    Fault(
        id="AUTH-27",
        family=_AUTH,
        breaks="passwords can be tried without end",
        promise="journeys.locked",
        stage=walked("journeys.locked", lambda: _never_locked, aws=True),
        fidelity="patched",
    ),
)
