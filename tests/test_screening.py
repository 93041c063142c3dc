"""A web ACL in few words: the same for what a template says and for what AWS answers."""

from __future__ import annotations

from typing import Any

import pytest

from checks import screening
from checks.model import Unresolved

WHY = Unresolved("Ref Somewhere")


def rule(name: object = "first", **parts: object) -> dict[str, Any]:
    """A rule that blocks two countries before all others."""
    given: dict[str, Any] = {
        "Name": name,
        "Priority": 0,
        "Action": {"Block": {}},
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["XB", "XA"]}},
    }
    return given | parts


def said(*rules: object) -> dict[str, object]:
    """The words of a web ACL with these rules."""
    return screening.words({"DefaultAction": {"Allow": {}}, "Rules": list(rules)})


def means(kind: str, **inside: object) -> object:
    """What a rule with this statement means."""
    return said(rule(Statement={kind: inside}))["first means"]


def spares(**inside: object) -> object:
    """What a rule about a managed group spares of it."""
    group = {"VendorName": "AWS", "Name": "Common", **inside}
    return said(rule(Statement={"ManagedRuleGroupStatement": group}))["first spares"]


def test_a_rule_is_told_by_four_words() -> None:
    """When it is asked, what it does, whom it means, and what it spares; and what becomes of the rest."""
    assert {
        "otherwise": "Allow",
        "first priority": 0,
        "first action": "Block",
        "first means": "GeoMatchStatement XA XB",
        "first spares": "",
    } == said(rule())


@pytest.mark.parametrize(
    ("parts", "action"),
    (
        ({"Action": {"Count": {"CustomRequestHandling": {}}}}, "Count"),
        ({"Action": None, "OverrideAction": {"None": {}}}, "None"),
        ({"Action": None, "OverrideAction": {"Count": {}}}, "Count"),
        ({"Action": {"Allow": None, "Block": {}}}, "Block"),
        ({"Action": {}}, None),
        ({"Action": None}, None),
        ({"Action": "Block"}, None),
        ({"Action": WHY}, WHY),
        ({"Action": None, "OverrideAction": WHY}, WHY),
    ),
)
def test_a_rule_acts_or_leaves_it_to_its_group(parts: dict[str, object], action: object) -> None:
    """By its own action, or by what is put over that of the group."""
    assert action == said(rule(**parts))["first action"]


@pytest.mark.parametrize(
    ("kind", "inside", "told"),
    (
        ("ManagedRuleGroupStatement", {"VendorName": "AWS", "Name": "Common"}, "ManagedRuleGroupStatement AWS Common"),
        ("RuleGroupReferenceStatement", {"Arn": "arn:g"}, "RuleGroupReferenceStatement arn:g"),
        ("RuleGroupReferenceStatement", {"ARN": "arn:g"}, "RuleGroupReferenceStatement arn:g"),
        ("IPSetReferenceStatement", {"Arn": "arn:i"}, "IPSetReferenceStatement arn:i"),
        ("RegexPatternSetReferenceStatement", {"ARN": "arn:r"}, "RegexPatternSetReferenceStatement arn:r"),
        ("RateBasedStatement", {"Limit": 2000, "AggregateKeyType": "IP"}, "RateBasedStatement 2000"),
        ("NotStatement", {"Statement": {}}, "NotStatement"),
        ("IPSetReferenceStatement", {"Arn": WHY}, WHY),
        ("GeoMatchStatement", {"CountryCodes": ["XA", WHY]}, WHY),
    ),
)
def test_whom_a_rule_means_is_its_kind_and_what_tells_it(kind: str, inside: dict[str, object], told: object) -> None:
    """The group, the set, the limit or the countries; a template and an answer spell an ARN otherwise."""
    assert told == means(kind, **inside)


def test_a_statement_that_is_not_known_is_no_statement() -> None:
    """Nothing of it is made up."""
    words = said(rule(Statement=WHY))

    assert (WHY, WHY) == (words["first means"], words["first spares"])
    assert ("", "") == tuple(said(rule(Statement=None))[f"first {each}"] for each in ("means", "spares"))


def test_what_is_spared_of_a_group_is_told_whichever_way_it_was_said() -> None:
    """An excluded rule is one whose action is Count."""
    overrides = [{"Name": "B", "ActionToUse": {"Allow": {}}}, {"Name": "A", "ActionToUse": {"Count": {}}}]

    assert "A:Count B:Allow" == spares(RuleActionOverrides=overrides)
    assert "A:Count" == spares(ExcludedRules=[{"Name": "A"}])
    assert WHY == spares(ExcludedRules=[{"Name": WHY}])
    assert WHY == spares(RuleActionOverrides=WHY)


def test_a_rule_without_a_known_name_cannot_be_told() -> None:
    """It is left out of the words, and said."""
    acl = {"Rules": [rule(), rule(WHY), WHY]}

    assert ("first",) == screening.names(acl)
    assert ["a rule: Ref Somewhere", "a rule: Ref Somewhere"] == list(screening.nameless(acl))
    assert {"first"} == {screening.rule_of(word) for word in screening.words(acl)} - {""}
    assert ["rules: Ref Somewhere"] == list(screening.nameless({"Rules": WHY}))
    assert [] == list(screening.nameless({"Rules": [rule()]}))
    assert [] == list(screening.nameless({}))


def test_the_word_about_the_rest_is_of_no_rule() -> None:
    """A rule's words begin with its name."""
    assert ("", "first") == (screening.rule_of(screening.OTHERWISE), screening.rule_of("first action"))


@pytest.mark.parametrize(
    ("physical_id", "end"),
    (
        ("shop|u-1|REGIONAL", "regional/webacl/shop/u-1"),
        ("shop|u-1|CLOUDFRONT", "global/webacl/shop/u-1"),
        ("shop|u-1|ELSEWHERE", ""),
        ("shop|u-1", ""),
        ("shop|u-1|REGIONAL|more", ""),
        ("u-1", ""),
        ("", ""),
    ),
)
def test_an_arn_ends_as_the_id_says(physical_id: str, end: str) -> None:
    """CloudFormation's id has name, id and scope; the ARN has all three in another order."""
    assert end == screening.arn_end("webacl", physical_id)
