"""The registrar: that nobody takes the domain away, and that it does not run out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import Absent, Registration
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.wording import several, span
from checks.world.ports import World

# RFC 5731, 2.3: who holds the domain has it locked, or the registry itself does.
_LOCKS = frozenset({"clientTransferProhibited", "serverTransferProhibited"})
# With these it is out of the DNS, about to be gone, or already on its way to another registrar.
_LOSING = frozenset({"clientHold", "serverHold", "redemptionPeriod", "pendingDelete", "pendingTransfer"})


@promise(
    "dns.registration",
    says="the domain, if this account has registered it, is locked against transfers, in use, and does not run out",
    severity="warning",
    instrument="aws",
    actions=("route53domains:GetDomainDetail",),
)
def registration(*, domain: str, left: timedelta) -> Sight:
    """RFC 5731, 2.3: without clientTransferProhibited a leaked code is all it takes to move the domain elsewhere."""
    return Sight(look=partial(_look, domain=domain), judge=partial(judge_registration, domain=domain, left=left))


def judge_registration(seen: Registration | Absent, now: datetime, *, domain: str, left: timedelta) -> Verdict:
    """Locked, on no hold, and renewed by itself or valid for *left*; another registrar has to be asked elsewhere."""
    expected = f"{domain}: locked against transfers, not on hold, renewed or valid for {span(left)}"
    if isinstance(seen, Absent):
        return Verdict.passed(expected=expected, actual="not registered in this account: its registrar knows")
    amiss = [f"status {each}" for each in seen.statuses if each in _LOSING]
    amiss += [] if _LOCKS & set(seen.statuses) else ["no status clientTransferProhibited"]
    if seen.expires is not None and seen.expires - now < (timedelta(0) if seen.renews else left):
        ended = seen.expires <= now
        amiss.append(f"expired {span(now - seen.expires)} ago" if ended else f"{span(seen.expires - now)} left")
    if not amiss:
        return Verdict.passed(expected=expected, actual=f"{several(seen.statuses)}{', renews' if seen.renews else ''}")
    remedy = (
        f"aws route53domains enable-domain-transfer-lock --domain-name {seen.domain} (enable-domain-auto-renew); "
        "where the registry knows no such lock (TLDRulesViolation), write a waiver"
    )
    return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)


def checks(target: Target, *, left: timedelta) -> Iterator[Check]:
    """One question about the domain. AWS is a registrar in its first partition alone."""
    if target.domain and target.stacks and target.partition == "aws":
        yield registration(Place(subject=target.domain), domain=target.domain, left=left)


def _look(world: World, *, domain: str) -> Registration | Absent:
    """The domain, or the name above it that was registered; a top-level domain is nobody's."""
    seen: Registration | Absent = Absent(what=f"registration of {domain} in this account")
    for name in (domain, *intent.above(domain)):
        if "." in name:
            seen = world.aws.registration(name)
            if isinstance(seen, Registration):
                return seen
    return seen


PROMISES = (registration,)
