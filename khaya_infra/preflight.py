"""What a deployment needs before anything is touched: every look is made, and all that is missing is named at once."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from khaya_infra import ground
from khaya_infra.clients import complaint, refusals
from khaya_infra.settings import CERTIFICATE_REGION
from khaya_infra.stop import BROKEN, NO_TOOLS, WAITING, Stop
from khaya_infra.toolchain import find_tools, node_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from khaya_infra.clients import Session
    from khaya_infra.settings import Settings

# 500 requests a second, API Gateway's throttle, of 200 ms each: with less, Lambda refuses what the gateway lets in.
CONCURRENCY_FLOOR = 100
OLDEST_NODE = (22, 0)
# What AWS lets a new account spend on text messages in a month, in dollars: a few dozen to South Africa.
_FIRST_SPEND_LIMIT = 1.0
_OPEN = ("ENABLED", "ENABLED_BY_DEFAULT")

State = Literal["ok", "will be made", "note", "missing", "unseen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look came to. `missing` and `unseen` stand in the way of a deploy, a `note` is for a person to weigh."""

    name: str
    state: State
    seen: str
    cure: str = ""
    code: int = BROKEN

    @property
    def stands_in_the_way(self) -> bool:
        """Whether nothing may be touched before this is settled."""
        return self.state in {"missing", "unseen"}

    def line(self) -> str:
        """As it is shown."""
        cure = f". {self.cure}" if self.cure else ""
        return f"  {self.name:<26}{self.state:<13} {self.seen}{cure}"


def look(settings: Settings, session: Session) -> tuple[Finding, ...]:
    """Every finding, in the order a person would settle them. Without the right account nothing else is asked."""

    def seen(name: str, ask: Callable[[], tuple[Finding, ...]], *, needed: bool = True) -> tuple[Finding, ...]:
        try:
            return ask()
        except Stop as stop:
            return (Finding(name=name, state="missing", seen=str(stop), code=stop.code),)
        except refusals() as error:
            said, code = complaint(error)
            state: State = "unseen" if needed else "note"
            return (Finding(name=name, state=state, seen=f"could not be looked at: {said}", code=code),)

    account = seen("account", lambda: _account(settings, session))
    if account[0].stands_in_the_way:
        return (*_tools(), *account)
    return (
        *_tools(),
        *account,
        *seen("region", lambda: _regions(settings, session)),
        *seen("hosted zone", lambda: _zone(settings, session)),
        *seen("bootstrap", lambda: _bootstrap(settings, session)),
        *seen("stacks", lambda: _stacks(settings, session)),
        *seen("concurrency", lambda: _concurrency(session)),
        *seen("text messages", lambda: _messages(session), needed=False),
    )


def demand(findings: tuple[Finding, ...]) -> None:
    """`Stop` when anything stands in the way; its code says whose turn it is, a person's before somebody else's."""
    lacking = [each for each in findings if each.stands_in_the_way]
    if lacking:
        codes = {each.code for each in lacking}
        code = next((each for each in (NO_TOOLS, BROKEN, WAITING) if each in codes), BROKEN)
        names = ", ".join(each.name for each in lacking)
        raise Stop(f"nothing was touched: {names} must be settled first", "Each line above says how", code=code)


def _tools() -> tuple[Finding, ...]:
    try:
        tools = find_tools()
    except Stop as stop:
        return (Finding(name="Node and CDK CLI", state="missing", seen=str(stop), code=NO_TOOLS),)
    version = node_version(tools)
    seen = f"Node {'.'.join(map(str, version))}, Python {sys.version.split()[0]}"
    if version < OLDEST_NODE:
        cure = f"The CDK CLI needs {OLDEST_NODE[0]} or newer: remove .venv and run make again"
        return (Finding(name="Node and CDK CLI", state="missing", seen=seen, cure=cure, code=NO_TOOLS),)
    return (Finding(name="Node and CDK CLI", state="ok", seen=seen),)


def _account(settings: Settings, session: Session) -> tuple[Finding, ...]:
    seen = ground.check_account(session.client("sts"), settings)
    return (Finding(name="account", state="ok", seen=f"{seen}, as {settings.stage} expects"),)


def _regions(settings: Settings, session: Session) -> tuple[Finding, ...]:
    account = session.client("account", region_name=CERTIFICATE_REGION)
    return tuple(
        _region(place, str(account.get_region_opt_status(RegionName=place)["RegionOptStatus"]))
        for place in sorted({place.region for place in settings.places})
    )


def _region(name: str, status: str) -> Finding:
    if status in _OPEN:
        return Finding(name=f"region {name}", state="ok", seen=status)
    waiting = status == "ENABLING"
    cure = (
        "Wait until it is done, which can take hours"
        if waiting
        else f"`aws account enable-region --region-name {name}`, then wait until it is ENABLED"
    )
    return Finding(name=f"region {name}", state="missing", seen=status, cure=cure, code=WAITING if waiting else BROKEN)


def _zone(settings: Settings, session: Session) -> tuple[Finding, ...]:
    route53, domain = session.client("route53"), settings.domain
    found = ground.public_zones(route53, domain)
    if len(found) > 1:
        cure = "Delete all but the one that the parent delegates to"
        return (Finding(name="hosted zone", state="missing", seen=f"{domain} has {', '.join(found)}", cure=cure),)
    if not found:
        seen = f"{domain} has none; its name servers are then for the registrar"
        made = Finding(name="hosted zone", state="will be made", seen=seen)
        return (made,) if settings.twin else (made, _domain(domain))
    zone = Finding(name="hosted zone", state="ok", seen=f"{found[0]}, the only one of {domain}")
    return (zone, _delegation(settings, ground.name_servers(route53, found[0])))


def _domain(name: str) -> Finding:
    """Whether anybody has registered it: nothing can be served under a name that its parent has never heard of."""
    handed = ground.delegated_servers(name)
    if handed:
        return Finding(name="domain", state="ok", seen=f"{name} is known to its parent, and led to {', '.join(handed)}")
    seen = f"the parent of {name} does not know it"
    cure = "Register it before you go on, unless it is a name below a zone of your own"
    return Finding(name="domain", state="note", seen=seen, cure=cure)


def _delegation(settings: Settings, servers: tuple[str, ...]) -> Finding:
    if settings.twin:
        return Finding(name="delegation", state="will be made", seen="by the twin's own registrar")
    handed = ground.delegated_servers(settings.domain)
    if handed == servers:
        return Finding(name="delegation", state="ok", seen=f"the parent hands out {len(servers)} name servers")
    seen = f"the parent hands out {', '.join(handed) or 'no name servers'}"
    cure = f"Enter these at the registrar: {', '.join(servers)}"
    return Finding(name="delegation", state="missing", seen=seen, cure=cure, code=WAITING)


def _bootstrap(settings: Settings, session: Session) -> tuple[Finding, ...]:
    def one(region: str) -> Finding:
        cloudformation = session.client("cloudformation", region_name=region)
        version = ground.stack_outputs(cloudformation, ground.BOOTSTRAP_STACK).get("BootstrapVersion")
        old = version is None or int(version) < ground.BOOTSTRAP_VERSION
        seen = f"version {version or 'none'}, {ground.BOOTSTRAP_VERSION} or newer is needed"
        return Finding(name=f"bootstrap {region}", state="will be made" if old else "ok", seen=seen)

    return tuple(one(region) for region in sorted({place.region for place in settings.places}))


def _stacks(settings: Settings, session: Session) -> tuple[Finding, ...]:
    def one(name: str, region: str) -> Finding:
        status = ground.status_of(session.client("cloudformation", region_name=region), name)
        if cure := ground.way_out(status, name, region):
            return Finding(name=f"stack {name}", state="missing", seen=status, cure=cure)
        return Finding(name=f"stack {name}", state="ok" if status else "will be made", seen=status or "not there yet")

    return tuple(one(each.name, each.region) for each in settings.places)


def _concurrency(session: Session) -> tuple[Finding, ...]:
    limit: dict[str, Any] = session.client("lambda").get_account_settings()["AccountLimit"]
    unreserved = int(limit["UnreservedConcurrentExecutions"])
    seen = f"{unreserved} of {int(limit['ConcurrentExecutions'])} concurrent executions are unreserved"
    if unreserved >= CONCURRENCY_FLOOR:
        return (Finding(name="concurrency", state="ok", seen=seen),)
    cure = f"Ask for {CONCURRENCY_FLOOR} or more in Service Quotas, Lambda, L-B99A9384; new accounts start with 10"
    return (Finding(name="concurrency", state="missing", seen=seen, cure=cure),)


def _messages(session: Session) -> tuple[Finding, ...]:
    sns = session.client("sns")
    sandbox = bool(sns.get_sms_sandbox_account_status()["IsInSandbox"])
    allowed = float(sns.get_sms_attributes()["attributes"].get("MonthlySpendLimit", _FIRST_SPEND_LIMIT))
    first = Finding(
        name="SMS sandbox",
        state="note" if sandbox else "ok",
        seen="codes reach verified numbers alone" if sandbox else "left: codes reach any number",
        cure="Ask AWS Support to leave the SMS sandbox" if sandbox else "",
    )
    low = allowed <= _FIRST_SPEND_LIMIT
    second = Finding(
        name="SMS spend limit",
        state="note" if low else "ok",
        seen=f"${allowed:g} a month",
        cure="Ask for more in Service Quotas, SNS; sign-in by phone ends for the month when it is spent" if low else "",
    )
    return first, second
