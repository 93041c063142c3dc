from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from checks.evidence import Absent, ResourcePolicy
from checks.model import Check, Unresolved
from checks.policy import opens_to_everybody
from checks.promises import callers
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop-1"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/daily"
STATEMENT = {
    "Sid": "rule",
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Resource": ARN,
    "Condition": {"ArnLike": {"AWS:SourceArn": RULE}},
}
FUNCTION = resource("AWS::Lambda::Function", subject="Shop", physical_id="shop-1")


def _policy(*statements: Mapping[str, object]) -> ResourcePolicy:
    return ResourcePolicy(resource=ARN, text=json.dumps({"Statement": statements}))


def _checks(**said: object) -> dict[str, Check]:
    given = {
        "FunctionName": ARN,
        "Principal": "events.amazonaws.com",
        "Action": "lambda:InvokeFunction",
        "SourceArn": RULE,
        **said,
    }
    return planned(callers.checks(target(FUNCTION, resource(callers.PERMISSION, given, subject="Allow"))))


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        (_policy(STATEMENT), "pass"),
        (_policy({**STATEMENT, "Condition": {"ArnLike": {"AWS:SourceArn": f"{RULE}-other"}}}), "fail"),
        (_policy({**STATEMENT, "Principal": {"Service": "s3.amazonaws.com"}}), "fail"),
        (_policy({**STATEMENT, "Effect": "Deny"}, STATEMENT), "fail"),
        (_policy(), "fail"),
        (Absent(what="policy"), "fail"),
        (ResourcePolicy(resource=ARN, text="{"), "fail"),
    ),
    ids=("let in", "another rule", "another service", "denied", "no statement", "no policy", "broken"),
)
def test_whom_the_template_lets_in_is_let_in(seen: ResourcePolicy | Absent, status: str) -> None:
    """By the live policy, as the caller asks."""
    check = _checks()["functions.callable[Allow]"]
    found = check.sight.look(world({("function_policy", REGION, ARN): seen}))

    assert status == check.sight.judge(found, NOW).status


@pytest.mark.parametrize(("source", "ending"), ((RULE, f"on {ARN} for {RULE}"), (None, f"on {ARN}")))
def test_for_whom_a_caller_asks_is_said_where_the_template_says_it(source: str | None, ending: str) -> None:
    """A permission need not name its source."""
    verdict = _checks(SourceArn=source)["functions.callable[Allow]"].sight.judge(_policy(STATEMENT), NOW)

    assert verdict.expected.endswith(ending)


@pytest.mark.parametrize("key", ("FunctionName", "Principal", "Action"))
def test_a_permission_that_cannot_be_known_is_not_planned(key: str) -> None:
    """It is unverified, and no guess."""
    assert "functions.callable[Allow]" not in _checks(**{key: Unresolved("Ref X")})


def _address(kind: str) -> Mapping[str, object]:
    """The condition that Lambda writes for a function's own address."""
    return {"StringEquals": {"lambda:FunctionUrlAuthType": kind}}


@pytest.mark.parametrize(
    ("statement", "public"),
    (
        ({**STATEMENT, "Principal": "*", "Condition": {}}, True),
        ({**STATEMENT, "Principal": {"AWS": "*"}, "Condition": {}}, True),
        ({**STATEMENT, "Principal": {"AWS": ["*"]}, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        ({**STATEMENT, "Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "999"}}}, True),
        ({**STATEMENT, "Principal": "*", "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}}, False),
        ({**STATEMENT, "Principal": "*", "Condition": {"ArnLike": {"aws:SourceArn": RULE}}}, False),
        ({**STATEMENT, "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({**STATEMENT, "Principal": "*", "Condition": _address("NONE")}, True),
        ({**STATEMENT, "Principal": "*", "Condition": _address("AWS_IAM")}, False),
        ({**STATEMENT, "Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}}, True),
        ({**STATEMENT, "Principal": "*", "Condition": {"ArnLikeIfExists": {"aws:SourceArn": RULE}}}, True),
        ({**STATEMENT, "Principal": "*", "Condition": {"Null": {"aws:PrincipalOrgID": "true"}}}, True),
        ({**STATEMENT, "Principal": "*", "Effect": "Deny"}, False),
        ({**STATEMENT, "NotPrincipal": {"AWS": "999"}, "Principal": None, "Condition": {}}, True),
        (STATEMENT, False),
    ),
    ids=(
        *("everybody", "every account", "over TLS", "another account's", "this account's", "a source of ours"),
        *("an organisation", "an open address", "a signed address"),
        *(
            "everybody but this account",
            "whoever says nothing",
            "whoever is in none",
            "denied",
            "all but one",
            "a service",
        ),
    ),
)
def test_a_policy_is_public_when_no_condition_narrows_it(statement: Mapping[str, object], *, public: bool) -> None:
    """A condition that everybody can meet narrows nothing."""
    assert public == bool(opens_to_everybody(json.dumps({"Statement": statement}), account=ACCOUNT))
    check = _checks()["functions.private[Shop]"]
    assert ("fail" if public else "pass") == check.sight.judge(_policy(statement), NOW).status


def test_a_function_without_a_policy_is_private_and_one_that_cannot_be_read_is_not() -> None:
    """Nobody from outside may call without one."""
    check = _checks()["functions.private[Shop]"]

    assert "pass" == check.sight.judge(Absent(what="policy"), NOW).status
    assert "fail" == check.sight.judge(ResourcePolicy(resource=ARN, text="?"), NOW).status


def test_a_function_with_a_public_address_of_the_template_is_meant_to_be_called() -> None:
    """What the template makes public is no accident."""
    url = resource("AWS::Lambda::Url", {"TargetFunctionArn": ARN, "AuthType": "NONE"}, subject="Url")

    assert "functions.private[Shop]" not in planned(callers.checks(target(FUNCTION, url)))
