"""Firewalls: the web ACL before a distribution or another resource, and what its rules do with requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent, screening
from checks.evidence import Absent, Described, DistributionSeen
from checks.likeness import checks_of, like, words_of
from checks.model import Check, Resource, Sight, Target, Unresolved, Verdict, promise
from checks.wording import quote, several
from checks.world.ports import World

_ACL = "AWS::WAFv2::WebACL"
_REDEPLOY = "deploy again; who changed it by hand is in CloudTrail"
# AWS WAF developer guide, "Recognizing rule groups provided by other services": Shield Advanced adds one by itself.
_OF_SHIELD, _GROUP = "ShieldMitigationRuleGroup", "RuleGroupReferenceStatement"


def _said(one: Resource, key: str, place: int) -> object:
    """A property of an association, or what CloudFormation's id ``resource|web ACL`` tells of it."""
    said = intent.part(one.properties, key)
    told = (*one.physical_id.split("|"), "", "")[place]
    return told if isinstance(said, Unresolved) and told.startswith("arn:") else said


ROWS = (
    like(
        "firewalls.attached",
        "AWS::WAFv2::WebACLAssociation",
        says="the web ACL of the template stands before the resource",
        severity="warning",
        source="AWS: one call (DisassociateWebACL) takes a firewall away, and everything goes on as before.",
        noun="web ACL before",
        # Service Authorization Reference: asking for a resource of another service asks that service too.
        actions=(
            *("wafv2:GetWebACLForResource", "wafv2:GetWebACL", "elasticloadbalancing:GetLoadBalancerWebACL"),
            *("cognito-idp:GetWebACLForResource", "appsync:GetWebACLForResource", "amplify:GetWebACLForResource"),
            *("apprunner:DescribeWebAclForService", "ec2:GetVerifiedAccessInstanceWebAcl"),
        ),
        # Whichever web ACL is there now has to be readable, or another one than the template's could not be told.
        arn="{name} arn:{partition}:wafv2:{region}:{account}:regional/webacl/*/*",
        asked=lambda one: intent.text(_said(one, "ResourceArn", 0)),
        wanted=lambda one: {"web ACL": _said(one, "WebACLArn", 1)},
    ),
)


@promise(
    "firewalls.rules",
    says="the web ACL has the rules of the template, each doing what the template says, and no others",
    severity="warning",
    instrument="aws",
    actions=("wafv2:GetWebACL",),
)
def rules(
    *, region: str, acl: str, names: tuple[str, ...], words: intent.Words, closed: bool, gaps: tuple[str, ...]
) -> Sight:
    """AWS: a rule switched to Count, or one that allows before all others, lets requests in that seem to be checked.

    What Firewall Manager puts before and behind the rules is its own, and no part of them.
    """
    judge = partial(judge_rules, acl=acl, names=names, words=words, closed=closed, gaps=gaps)
    return Sight(look=partial(_look, region=region, acl=acl), judge=judge)


@promise(
    "cdn.firewall",
    says="the web ACL of the template stands before the distribution",
    severity="warning",
    instrument="aws",
    actions=("cloudfront:GetDistribution",),
)
def firewall(*, distribution: str, acl: str, left_out: tuple[str, ...]) -> Sight:
    """AWS Security Hub CloudFront.6: a distribution without a web ACL lets every request through to its origins."""
    return Sight(
        look=partial(_look_distribution, distribution=distribution),
        judge=partial(judge_firewall, acl=acl, left_out=left_out),
    )


def judge_rules(
    seen: Described | Absent,
    _now: datetime,
    *,
    acl: str,
    names: tuple[str, ...],
    words: intent.Words,
    closed: bool,
    gaps: tuple[str, ...],
) -> Verdict:
    """Every rule by its name, place, action and meaning; with names that are not known, at least the known ones."""
    called, wanted = quote(acl.partition("|")[0]), dict(words)
    other = f"; otherwise {wanted[screening.OTHERWISE]}" if screening.OTHERWISE in wanted else ""
    expected = intent.without(f"web ACL {called}: {several(names)}{other}", gaps)
    if isinstance(seen, Absent):
        return _gone(f"there is no web ACL {called}", expected)
    live = dict(seen.words)
    there = dict.fromkeys(filter(None, map(screening.rule_of, live)))
    amiss = [f"no rule {each}" for each in names if each not in there]
    foreign = [each for each in there if each not in names and not _of_shield(each, live)]
    amiss += [f"{each} is not in the template: {live.get(f'{each} action', '')}" for each in foreign if closed]
    known = tuple((word, value) for word, value in words if screening.rule_of(word) in {"", *there})
    amiss += intent.differences(known, live)
    if amiss:
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=_REDEPLOY)
    return Verdict.passed(expected=expected, actual=f"{len(there)} rules, as the template says")


def judge_firewall(seen: DistributionSeen | Absent, _now: datetime, *, acl: str, left_out: tuple[str, ...]) -> Verdict:
    """The template's own, as it writes it (an ARN, or the id of WAF Classic); any where it is not known."""
    expected = intent.without(f"web ACL {acl}" if acl else "a web ACL", left_out)
    if isinstance(seen, Absent):
        return _gone(f"absent: {quote(seen.what)}", expected)
    actual = f"web ACL {quote(seen.firewall)}" if seen.firewall else "no web ACL"
    if seen.firewall and (not acl or seen.firewall == acl):
        return Verdict.passed(expected=expected, actual=actual)
    return Verdict.failed(expected=expected, actual=actual, remedy=_REDEPLOY)


def checks(target: Target) -> Iterator[Check]:
    """Each distribution that shall have a web ACL, each other resource that shall, and every web ACL itself.

    Where the template has none for a distribution nothing is asked: Firewall Manager may well have put one there.
    """
    for each in target.of_type(intent.DISTRIBUTION):
        said = intent.part(each.properties, "DistributionConfig", "WebACLId")
        if said:
            arn = f"arn:{target.partition}:cloudfront::{target.account}:distribution/{each.physical_id}"
            place, gaps = each.place(arn), intent.gaps(said)
            yield firewall(place, distribution=each.physical_id, acl=intent.text(said), left_out=gaps)
    yield from checks_of(target, ROWS)
    for each in target.of_type(_ACL):
        yield from _of_acl(target, each)


def _of_acl(target: Target, one: Resource) -> Iterator[Check]:
    end = screening.arn_end("webacl", one.physical_id)
    if not end:
        return
    words, gaps = words_of(screening.words(one.properties))
    nameless = tuple(screening.nameless(one.properties))
    yield rules(
        one.place(target.arn("wafv2", one.region, end)),
        region=one.region,
        acl=one.physical_id,
        names=screening.names(one.properties),
        words=words,
        closed=not nameless,
        gaps=(*gaps, *nameless),
    )


def _look(world: World, *, region: str, acl: str) -> Described | Absent:
    return world.aws.described(_ACL, region, acl)


def _look_distribution(world: World, *, distribution: str) -> DistributionSeen | Absent:
    return world.aws.distribution(distribution)


def _of_shield(rule: str, live: dict[str, str]) -> bool:
    return rule.startswith(_OF_SHIELD) and live.get(f"{rule} means", "").startswith(_GROUP)


def _gone(actual: str, expected: str) -> Verdict:
    return Verdict.failed(expected=expected, actual=actual, remedy="deploy the stack again")


PROMISES = (*(each.promise for each in ROWS), rules, firewall)
