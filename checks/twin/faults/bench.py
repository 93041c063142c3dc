"""The work-bench that faults are staged on: one twin, the plan that it keeps, and AWS as its administrator."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from checks.model import Check
from checks.naming import glob
from checks.plan import Plan
from checks.twin.faults.words import Unfit
from checks.twin.state import ACCOUNT, CannotStart, Twin
from checks.world.aws.session import Access, Clients, Credentials, Limits

# What is injected must arrive, and be taken back, on however busy a machine.
_PATIENCE = timedelta(seconds=90)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NotATwin(CannotStart):
    """Faults are injected into nothing but a twin; the message says what was found instead."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """One twin and what is planned for it. Faults choose what they break from the plan.

    *source* is the file of the target's settings, for commands that are run as a person would; *walks* says whether
    these describe a journey.
    """

    twin: Twin
    plan: Plan
    domain: str = ""
    source: str = ""
    walks: bool = False
    makers: dict[str, Clients] = field(default_factory=dict)
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def aws(self, service: str, region: str = "") -> Any:  # noqa: ANN401 - botocore makes its client classes at run time
        """A client of the twin's administrator, deaf to every AWS setting of whoever started us."""
        where = region or self.twin.region
        if (service, where) not in self.clients:
            maker = self.makers.get(where) or self.makers.setdefault(where, self._maker(where))
            self.clients[service, where] = maker.make(service, where)
        return self.clients[service, where]

    def check(self, promise: str, containing: str = "") -> Check:
        """The first check of *promise*, one whose name contains *containing* if that is given. Raises Unfit."""
        found = next((each for each in self.checks(promise) if containing in each.name), None)
        if found is None:
            what = f"{promise}[…{containing}…]" if containing else promise
            raise Unfit(f"the plan has no check {what}")
        return found

    def checks(self, promise: str) -> Iterator[Check]:
        """The checks of the promises that *promise*, a name or a pattern, fits."""
        return (each for each in self.plan.checks if glob(promise, each.promise.name))

    def param(self, promise: str, name: str) -> str:
        """A parameter of the first check of *promise*, as text. Raises Unfit."""
        return str(self.check(promise).params[name])

    @property
    def apex(self) -> str:
        """The site's own name. Raises Unfit when there is no site."""
        if not self.domain:
            raise Unfit("the target has no site")
        return self.domain

    def _maker(self, region: str) -> Clients:
        return _as_administrator(self.twin, region)


def _as_administrator(twin: Twin, region: str) -> Clients:
    access = Access(
        endpoint=twin.endpoint,
        ca_bundle=twin.ca_bundle,
        ssl_context=ssl.create_default_context(cafile=str(twin.ca_bundle)),
        credentials=Credentials(access_key_id=twin.access_key_id, secret_access_key=twin.secret_access_key),
        limits=Limits(connections=4, read=_PATIENCE),
    )
    return Clients(access, region, whole=True)


def refuse_unless_twin(twin: Twin) -> None:
    """Raise NotATwin unless the endpoint is on loopback and the account behind it is the twin's."""
    host = urlsplit(twin.endpoint).hostname or ""
    if host not in _LOOPBACK:
        raise NotATwin(f"{twin.endpoint} is not on this machine; faults are injected into a twin alone")
    account = _as_administrator(twin, twin.region).make("sts", twin.region).get_caller_identity()["Account"]
    if account != ACCOUNT:
        raise NotATwin(f"account {account} answers at {twin.endpoint}; a twin's is {ACCOUNT}")
