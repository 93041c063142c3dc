"""Faults of the keys that tokens are signed with, as a user pool serves them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from checks.twin import addresses
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.edge import as_served
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit
from checks.twin.faults.chains import Wish, chain
from checks.twin.faults.staging import edge_of
from checks.twin.faults.words import Fault, Stage, Unfit, View

_FAMILY = "Cognito / authentication"
_SUCCESS = 200
# What of a pool's keys comes of it: a list that is changed in place.
Change = Callable[[list[dict[str, Any]]], object]


def served(change: Change, *named: str, writes: bool = False) -> Stage:
    """The user pool serves other keys; *named* are patterns of the checks that notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        if writes and not bench.walks:
            raise Unfit("the settings describe no journey")
        host = str(urlsplit(bench.param("auth.keys", "url")).hostname)
        api = str(urlsplit(bench.param("api.direct", "stage")).hostname)
        # Whatever is met at AWS's own address is met here meanwhile, under names of AWS.
        file = chain(bench, Wish(names=(host, api)), bench.twin.home / "tmp" / "regional.pem")
        edge = edge_of(bench, _told(host, change), dress=as_served(file), at=(addresses.REGIONAL_V4,))
        yield View(named=named, edge=edge, writes=writes)

    return stage


def _told(host: str, change: Change) -> Tamper:
    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        about = visit.host == host and visit.path.endswith("/jwks.json") and reply.status == _SUCCESS
        return reply.amended(lambda document: change(document["keys"])) if about else reply

    return tamper


def _one_more(keys: list[dict[str, Any]]) -> None:
    """A key that will sign tomorrow, beside those that sign today."""
    modulus = base64.urlsafe_b64encode(b"\xc1" + secrets.token_bytes(254) + b"\x01").rstrip(b"=").decode()
    keys.insert(0, {**keys[0], "kid": "of-tomorrow", "n": modulus})


def _others_alone(keys: list[dict[str, Any]]) -> None:
    """Those that sign today are taken away too early."""
    _one_more(keys)
    del keys[1:]


_KEYS = ("auth.keys[*]",)

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="B-AUTH-02",
        kind="benign",
        family=_FAMILY,
        breaks="the pool signs with a new key",
        stage=served(_one_more, writes=True),
    ),
    Fault(
        id="X-AUTH-03",
        family=_FAMILY,
        breaks="the key that signs is not served",
        promise="journeys.signed_in",
        stage=served(_others_alone, "journeys.signed_in[*]", writes=True),
    ),
    Fault(
        id="X-AUTH-04",
        family=_FAMILY,
        breaks="the pool serves no key",
        promise="auth.keys",
        stage=served(lambda keys: keys.clear(), *_KEYS),
    ),
    Fault(
        id="X-AUTH-05",
        family=_FAMILY,
        breaks="the pool serves its private key",
        promise="auth.keys",
        stage=served(lambda keys: keys[0].update(d=keys[0]["n"]), *_KEYS),
    ),
)
