from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.evidence import Absent, Described
from checks.model import Check, Resource, Unresolved, Verdict
from checks.permissions import policy
from checks.promises import firewalls
from tests.promises.worlds import (
    ACCOUNT,
    DISTRIBUTION_ARN,
    HOSTILE,
    NOW,
    REGION,
    distribution_config,
    distribution_resource,
    distribution_seen,
    planned,
    resource,
    target,
    world,
)

ACL = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/shop/u-1"
OTHER = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/other/u-2"
CLASSIC = "a1b2c3d4-0000-4000-8000-000000000001"
ID = "shop|u-1|REGIONAL"
STAGE = f"arn:aws:apigateway:{REGION}::/restapis/a1/stages/prod"
WALL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/shop/u-1"
SHIELD = "ShieldMitigationRuleGroup_1_2_3"
RULES: tuple[dict[str, Any], ...] = (
    {
        "Name": "common",
        "Priority": 0,
        "OverrideAction": {"None": {}},
        "Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}},
    },
    {
        "Name": "limit",
        "Priority": 1,
        "Action": {"Block": {}},
        "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}},
    },
)
LIVE = {
    "otherwise": "Allow",
    "common priority": "0",
    "common action": "None",
    "common means": "ManagedRuleGroupStatement AWS AWSManagedRulesCommonRuleSet",
    "limit priority": "1",
    "limit action": "Block",
    "limit means": "RateBasedStatement 2000",
}


def _distribution(acl: object) -> Resource:
    return distribution_resource(distribution_config() | {"WebACLId": acl})


def _firewall(acl: object) -> Check:
    (check,) = planned(firewalls.checks(target(_distribution(acl)))).values()
    return check


def _acl(physical_id: str = ID, /, **properties: object) -> Resource:
    given = {"DefaultAction": {"Allow": {}}, "Rules": list(RULES)}
    return resource("AWS::WAFv2::WebACL", given | properties, subject="Wall", physical_id=physical_id)


def _rules(**properties: object) -> Check:
    (check,) = planned(firewalls.checks(target(_acl(**properties)))).values()
    return check


def _seen(live: dict[str, str]) -> Described:
    return Described(kind="AWS::WAFv2::WebACL", name=ID, state="there", words=tuple(sorted(live.items())))


def _judged(live: dict[str, str], **properties: object) -> Verdict:
    return _rules(**properties).sight.judge(_seen(live), NOW)


# --- before a distribution --------------------------------------------------------------------


def test_a_distribution_without_a_web_acl_is_asked_nothing() -> None:
    """Firewall Manager puts one where the template has none, and that is no defect."""
    bare = distribution_resource(distribution_config())

    assert {} == planned(firewalls.checks(target(bare, _distribution(""))))


def test_a_distribution_is_asked_by_its_id() -> None:
    """With its own ARN, which is all that the look may read."""
    check = _firewall(ACL)

    assert ("cdn.firewall[Site/Distribution]", (DISTRIBUTION_ARN,)) == (check.name, check.place.resources)
    assert distribution_seen() == check.sight.look(world({("distribution", "D1"): distribution_seen()}))


@pytest.mark.parametrize(
    ("said", "live", "status", "actual"),
    (
        pytest.param(ACL, ACL, "pass", f"web ACL {ACL}", id="the template's"),
        pytest.param(ACL, "", "fail", "no web ACL", id="taken away"),
        pytest.param(ACL, OTHER, "fail", f"web ACL {OTHER}", id="another one"),
        pytest.param(CLASSIC, CLASSIC, "pass", f"web ACL {CLASSIC}", id="one of WAF Classic, by its id"),
        pytest.param(CLASSIC, ACL, "fail", f"web ACL {ACL}", id="a new one instead of a classic one"),
        pytest.param(Unresolved("Ref X"), OTHER, "pass", f"web ACL {OTHER}", id="any where it is not known"),
        pytest.param(Unresolved("Ref X"), "", "fail", "no web ACL", id="but one there has to be"),
    ),
)
def test_the_web_acl_of_the_template_stands_before_the_distribution(
    said: object, live: str, status: str, actual: str
) -> None:
    """Exactly that one, as the template writes it."""
    verdict = _firewall(said).sight.judge(distribution_seen(firewall=live), NOW)

    assert (status, actual) == (verdict.status, verdict.actual)
    assert bool(verdict.remedy) == (status == "fail")
    unknown = "a web ACL (not compared: Ref X)"
    assert (unknown if isinstance(said, Unresolved) else f"web ACL {said}") == verdict.expected


def test_before_a_distribution_that_is_gone_stands_nothing() -> None:
    """Absent is a failure."""
    verdict = _firewall(ACL).sight.judge(Absent(what="distribution D1"), NOW)

    assert ("fail", "absent: distribution D1") == (verdict.status, verdict.actual)
    assert verdict.remedy


# --- before another resource ------------------------------------------------------------------


def _association(**changes: Any) -> Resource:  # noqa: ANN401 - fields of Resource
    given = {"ResourceArn": STAGE, "WebACLArn": WALL}
    return replace(resource("AWS::WAFv2::WebACLAssociation", given, subject="Before"), **changes)


def test_whoever_asks_what_stands_before_a_resource_may_read_both() -> None:
    """The resource's own ARN, and whichever web ACL is there, or another one than ours could not be told."""
    (check,) = planned(firewalls.checks(target(_association()))).values()
    granted: Any = policy([check])["Statement"]

    assert (STAGE, f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/*/*") == check.place.resources
    by_action = {action: set(each["Resource"]) for each in granted for action in each["Action"]}
    assert set(check.place.resources) == by_action["wafv2:GetWebACLForResource"]
    assert {check.place.resources[1]} == by_action["wafv2:GetWebACL"]


def test_what_the_template_cannot_tell_is_told_by_the_id_of_the_association() -> None:
    """CloudFormation calls it ``resource|web ACL``, whatever intrinsics they were made of."""
    unknown = {"ResourceArn": Unresolved("Fn::GetAtt"), "WebACLArn": Unresolved("Fn::ImportValue")}
    told = _association(properties=unknown, physical_id=f"{STAGE}|{WALL}")
    (check,) = planned(firewalls.checks(target(told))).values()

    assert (STAGE, (("web ACL", WALL),)) == (check.params["name"], check.params["words"])
    for untold in ("", "before", f"{STAGE}|", f"before|{WALL}"):
        made = planned(firewalls.checks(target(_association(properties=unknown, physical_id=untold))))
        assert [()] * untold.startswith("arn:") == [each.params["words"] for each in made.values()]


def test_what_the_template_says_goes_before_the_id() -> None:
    """An id is only asked for what cannot be resolved."""
    told = _association(physical_id=f"{OTHER}|{OTHER}")
    (check,) = planned(firewalls.checks(target(told))).values()

    assert (STAGE, (("web ACL", WALL),)) == (check.params["name"], check.params["words"])


# --- the rules --------------------------------------------------------------------------------


def test_a_web_acl_is_asked_by_its_id_where_it_lives() -> None:
    """The ARN follows from the id; an id of another shape cannot be asked for."""
    check = _rules()

    assert ("firewalls.rules[Wall]", (WALL,)) == (check.name, check.place.resources)
    assert _seen(LIVE) == check.sight.look(world({("described", "AWS::WAFv2::WebACL", REGION, ID): _seen(LIVE)}))
    assert {} == planned(firewalls.checks(target(_acl("u-1"))))


def test_a_web_acl_as_its_template_says_passes() -> None:
    """Every rule, and what becomes of the rest."""
    verdict = _judged(LIVE)

    assert ("pass", "2 rules, as the template says") == (verdict.status, verdict.actual)
    assert "web ACL shop: common, limit; otherwise Allow" == verdict.expected


@pytest.mark.parametrize(
    ("word", "other"),
    (
        pytest.param("otherwise", "Block", id="what becomes of the rest"),
        pytest.param("common priority", "7", id="asked later"),
        pytest.param("limit action", "Count", id="only counted"),
        pytest.param("common action", "Count", id="a group only counted"),
        pytest.param("limit means", "RateBasedStatement 2000000000", id="a limit that nobody reaches"),
        pytest.param("common means", "ManagedRuleGroupStatement AWS Other", id="another group"),
        pytest.param("common spares", "SizeRestrictions_BODY:Count", id="a part of a group only counted"),
    ),
)
def test_each_word_that_differs_fails_by_its_name(word: str, other: str) -> None:
    """One at a time."""
    verdict = _judged(LIVE | {word: other})

    assert ("fail", f"{word} {other}") == (verdict.status, verdict.actual)
    assert verdict.remedy


def test_a_rule_that_was_removed_is_said_once() -> None:
    """Not by each of its words."""
    verdict = _judged({word: value for word, value in LIVE.items() if not word.startswith("limit ")})

    assert ("fail", "no rule limit") == (verdict.status, verdict.actual)


def test_a_rule_that_was_added_fails_with_what_it_does() -> None:
    """One that allows before all others lets everything in."""
    verdict = _judged(LIVE | {"friends action": "Allow", "friends priority": "0"})

    assert ("fail", "friends is not in the template: Allow") == (verdict.status, verdict.actual)


@pytest.mark.parametrize(
    ("name", "means", "status"),
    (
        (SHIELD, "RuleGroupReferenceStatement arn:g", "pass"),
        (SHIELD, "IPSetReferenceStatement arn:i", "fail"),
        (f"My{SHIELD}", "RuleGroupReferenceStatement arn:g", "fail"),
        (SHIELD, "", "fail"),
    ),
)
def test_the_group_that_shield_adds_is_no_stranger(name: str, means: str, status: str) -> None:
    """It is told by its name, and a group it has to be."""
    added = {f"{name} action": "None", f"{name} priority": "10000000"} | ({f"{name} means": means} if means else {})

    assert status == _judged(LIVE | added).status


def test_with_a_name_that_is_not_known_a_further_rule_may_be_that() -> None:
    """The others are compared all the same."""
    nameless = [*RULES, {"Name": Unresolved("Ref Name"), "Priority": 2, "Action": {"Allow": {}}}]
    more = LIVE | {"friends action": "Allow"}

    verdict = _judged(more, Rules=nameless)
    assert "pass" == verdict.status
    assert "not compared: a rule: Ref Name" in verdict.expected
    assert "fail" == _judged(more | {"limit action": "Count"}, Rules=nameless).status
    assert "pass" == _judged(more, Rules=Unresolved("Ref Rules")).status
    assert "fail" == _judged(more | {"otherwise": "Block"}, Rules=Unresolved("Ref Rules")).status


def test_a_value_that_is_not_known_is_left_out_and_said() -> None:
    """The rule itself has to be there, though nothing of it is known but its name."""
    unknown = [RULES[0], {"Name": "limit", **{key: Unresolved("Ref X") for key in ("Priority", "Action", "Statement")}}]

    verdict = _judged(LIVE | {"limit action": "Count"}, Rules=unknown)
    assert "pass" == verdict.status
    assert "not compared: limit priority: Ref X" in verdict.expected
    gone = {word: value for word, value in LIVE.items() if not word.startswith("limit ")}
    assert "no rule limit" == _judged(gone, Rules=unknown).actual


def test_a_web_acl_without_rules_has_none() -> None:
    """Whatever is there was added."""
    assert "pass" == _judged({"otherwise": "Allow"}, Rules=[]).status
    assert "fail" == _judged(LIVE, Rules=[]).status
    silent = _judged({"otherwise": "Block"}, Rules=[], DefaultAction=None)
    assert ("pass", "web ACL shop: none") == (silent.status, silent.expected)


def test_a_web_acl_that_is_gone_fails() -> None:
    """With what to do about it."""
    verdict = _rules().sight.judge(Absent(what="x"), NOW)

    assert ("fail", "there is no web ACL shop") == (verdict.status, verdict.actual)
    assert verdict.remedy


def test_nothing_that_aws_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    assert _judged(LIVE | {f"{HOSTILE} action": HOSTILE, "limit action": HOSTILE}).actual.isprintable()
    assert _firewall(ACL).sight.judge(distribution_seen(firewall=HOSTILE), NOW).actual.isprintable()
