from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.policy import Request, bars_plain_http, decide, like, opens_nothing

TOPIC = "arn:aws:sns:af-south-1:111122223333:Page"
OURS = {"aws:sourceaccount": "111122223333", "aws:sourcearn": "arn:aws:cloudwatch:af-south-1:111122223333:alarm:A"}
WISH = Request(
    service="cloudwatch.amazonaws.com",
    action="sns:Publish",
    resource=TOPIC,
    context={**OURS, "aws:securetransport": "true"},
)
ALLOW = {
    "Sid": "A",
    "Effect": "Allow",
    "Principal": {"Service": "cloudwatch.amazonaws.com"},
    "Action": "sns:Publish",
    "Resource": TOPIC,
}


def _policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _with(**changes: object) -> str:
    return _policy({key: value for key, value in {**ALLOW, **changes}.items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "allowed"),
    (
        pytest.param({}, True, id="plain"),
        pytest.param({"Action": "SNS:Publish"}, True, id="actions have no case"),
        pytest.param({"Action": ["SNS:Subscribe", "SNS:Publish"]}, True, id="one of several"),
        pytest.param({"Action": "sns:*"}, True, id="all of the service"),
        pytest.param({"Action": "sns:Subscribe"}, False, id="another action"),
        pytest.param({"Action": None, "NotAction": "sns:Subscribe"}, True, id="all but another"),
        pytest.param({"Action": None, "NotAction": "sns:Pub*"}, False, id="all but this"),
        pytest.param({"Action": None}, False, id="no action"),
        pytest.param({"Resource": "*"}, True, id="any resource"),
        pytest.param({"Resource": f"{TOPIC}2"}, False, id="another topic"),
        pytest.param({"Resource": None, "NotResource": TOPIC}, False, id="all but this topic"),
        pytest.param({"Principal": "*"}, True, id="anybody"),
        pytest.param({"Principal": {"AWS": "*"}}, True, id="anybody, spelt out"),
        pytest.param({"Principal": {"AWS": "111122223333"}}, False, id="an account is no service"),
        pytest.param({"Principal": {"Service": "events.amazonaws.com"}}, False, id="another service"),
        pytest.param({"Principal": None, "NotPrincipal": {"AWS": "x"}}, False, id="cannot tell who"),
        pytest.param({"Effect": "Deny"}, False, id="a denial"),
        pytest.param({"Effect": "allow"}, False, id="no effect at all"),
        pytest.param({"Condition": {}}, True, id="an empty condition"),
        pytest.param({"Condition": "x"}, False, id="no condition at all"),
        pytest.param({"Condition": {"StringEquals": "x"}}, False, id="an operator without keys"),
    ),
)
def test_each_element_of_a_statement_counts(changes: dict[str, object], allowed: bool) -> None:  # noqa: FBT001 - a column
    """Action, resource, principal and effect must all fit."""
    assert allowed == decide(_with(**changes), WISH).allowed


@pytest.mark.parametrize(
    ("condition", "allowed"),
    (
        pytest.param({"StringEquals": {"aws:SourceAccount": "111122223333"}}, True, id="our account"),
        pytest.param({"StringEquals": {"aws:SourceAccount": "999988887777"}}, False, id="another account"),
        pytest.param({"StringEquals": {"AWS:SOURCEACCOUNT": ["9", "111122223333"]}}, True, id="one of several"),
        pytest.param({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}, False, id="all but us"),
        pytest.param({"StringNotEquals": {"aws:SourceAccount": "9"}}, True, id="all but another"),
        pytest.param({"StringEqualsIgnoreCase": {"aws:SecureTransport": "TRUE"}}, True, id="without case"),
        pytest.param({"StringLike": {"aws:SourceArn": "arn:aws:cloudwatch:*:alarm:*"}}, True, id="a pattern"),
        pytest.param({"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-*"}}, False, id="another region"),
        pytest.param({"Bool": {"aws:SecureTransport": True}}, True, id="over TLS"),
        pytest.param({"Bool": {"aws:SecureTransport": "false"}}, False, id="in the clear"),
        pytest.param({"Null": {"aws:SourceAccount": "false"}}, True, id="key is there"),
        pytest.param({"Null": {"aws:SourceAccount": "true"}}, False, id="key must be missing"),
        pytest.param({"Null": {"aws:PrincipalOrgID": True}}, True, id="key is missing"),
        pytest.param({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False, id="a service has no organisation"),
        pytest.param({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True, id="if it had one"),
        pytest.param({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True, id="not that organisation"),
        pytest.param({"StringEquals": {"aws:SourceOrgID": "o-1"}}, False, id="only AWS knows"),
        pytest.param({"ForAnyValue:StringLike": {"aws:SourceAccount": "1*"}}, False, id="an operator we do not read"),
        pytest.param(
            {"StringEquals": {"aws:SourceAccount": "111122223333"}, "Bool": {"aws:SecureTransport": "false"}},
            False,
            id="all must hold",
        ),
    ),
)
def test_each_condition_is_weighed(condition: dict[str, object], allowed: bool) -> None:  # noqa: FBT001 - a column
    """An Allow counts when its conditions surely hold."""
    assert allowed == decide(_with(Condition=condition), WISH).allowed


def test_a_denial_wins() -> None:
    """Whatever is allowed elsewhere."""
    decision = decide(_policy(ALLOW, {**ALLOW, "Sid": "D", "Effect": "Deny"}), WISH)

    assert (False, "denied by statement D") == (decision.allowed, decision.why)


def test_a_denial_of_plain_http_does_not_touch_a_service() -> None:
    """Services publish over TLS."""
    plain = {**ALLOW, "Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}

    assert decide(_policy(plain, ALLOW), WISH).allowed


def test_the_default_policy_of_a_topic_lets_alarms_of_its_account_publish() -> None:
    """SNS writes it as anybody, on the condition of the owner."""
    default = {**ALLOW, "Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}}}
    ours = Request(
        service=WISH.service, action=WISH.action, resource=TOPIC, context={"aws:sourceowner": "111122223333"}
    )
    theirs = Request(service=WISH.service, action=WISH.action, resource=TOPIC, context={"aws:sourceowner": "9"})

    assert decide(_policy(default), ours).allowed
    assert not decide(_policy(default), theirs).allowed


def test_what_only_aws_knows_is_said() -> None:
    """A reader can go and look."""
    decision = decide(_with(Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}}), WISH)

    assert "only statement A might allow it" in decision.why


@pytest.mark.parametrize("policy", ("", "{", "[]", "1", "null", '{"Statement": 3}', "[" * 100_000))
def test_what_is_no_policy_allows_nothing(policy: str) -> None:
    """Silence is not consent."""
    assert not decide(policy, WISH).allowed


def test_a_single_statement_may_stand_without_a_list() -> None:
    """IAM allows it, and a statement needs no Sid."""
    alone = {key: value for key, value in ALLOW.items() if key != "Sid"}

    decision = decide(json.dumps({"Statement": alone}), WISH)

    assert (True, "allowed by a statement without a Sid") == (decision.allowed, decision.why)


def test_wildcards_are_those_of_iam() -> None:
    """A star is any run, a question mark is one character, a bracket is itself."""
    assert like("a*c", "abbc")
    assert like("a?c", "abc")
    assert not like("a?c", "ac")
    assert like("a[b]", "a[b]")
    assert not like("a[b]", "ab")


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.text() | st.builds(_policy, st.fixed_dictionaries(dict.fromkeys(("Effect", "Action", "Principal"), JSON))))
def test_no_text_makes_it_raise(policy: str) -> None:
    """A stranger's policy is only a text."""
    assert decide(policy, WISH).why


@given(st.dictionaries(st.sampled_from(("StringEquals", "Bool", "Null", "NotIfExists", "x")), JSON, max_size=3))
def test_no_condition_makes_it_raise(condition: dict[str, object]) -> None:
    """Nor a strange condition."""
    assert decide(_with(Condition=condition), WISH).why


SEAL = {
    "Sid": "Tls",
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::files", "arn:aws:s3:::files/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
SEALED = ("arn:aws:s3:::files", "arn:aws:s3:::files/")


def _seal(**changes: object) -> str:
    return _policy({key: value for key, value in {**SEAL, **changes}.items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "sealed"),
    (
        pytest.param({}, True, id="as the CDK writes it"),
        pytest.param({"Principal": "*"}, True, id="everybody, short"),
        pytest.param({"Action": "*"}, True, id="every action there is"),
        pytest.param({"Action": ["s3:GetObject", "S3:*"]}, True, id="every action among others"),
        pytest.param({"Resource": "*"}, True, id="everything"),
        pytest.param({"Resource": "arn:aws:s3:::files*"}, True, id="one pattern for both"),
        pytest.param({"Condition": {"Bool": {"AWS:securetransport": [False]}}}, True, id="a boolean in a list"),
        pytest.param({"Condition": None}, True, id="everything is denied"),
        pytest.param({"Effect": "Allow"}, False, id="no denial"),
        pytest.param({"Principal": {"AWS": "arn:aws:iam::1:root"}}, False, id="somebody"),
        pytest.param({"Principal": {"Service": "s3.amazonaws.com"}}, False, id="a service"),
        pytest.param({"Principal": None, "NotPrincipal": {"AWS": "x"}}, False, id="everybody but one"),
        pytest.param({"Action": "s3:GetObject"}, False, id="one action"),
        pytest.param({"Action": "s3:Get*"}, False, id="some actions"),
        pytest.param({"Action": None, "NotAction": "s3:PutObject"}, False, id="all actions but one"),
        pytest.param({"Resource": "arn:aws:s3:::files"}, False, id="the bucket without its objects"),
        pytest.param({"Resource": "arn:aws:s3:::files/*"}, False, id="the objects without the bucket"),
        pytest.param({"Resource": ["arn:aws:s3:::files", "arn:aws:s3:::files/?*?"]}, False, id="long keys alone"),
        pytest.param({"Resource": ["arn:aws:s3:::files", "arn:aws:s3:::files/"]}, False, id="the empty key alone"),
        pytest.param({"Resource": None, "NotResource": "x"}, False, id="all but something"),
        pytest.param({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False, id="the wrong way round"),
        pytest.param(
            {"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}},
            False,
            id="two keys",
        ),
        pytest.param(
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}, "Null": {"aws:PrincipalOrgID": "true"}}},
            False,
            id="strangers alone",
        ),
        pytest.param({"Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}}, False, id="old versions of TLS"),
        pytest.param({"Condition": "x"}, False, id="no condition at all"),
    ),
)
def test_plain_http_is_barred_to_everybody_and_for_everything(changes: dict[str, object], sealed: bool) -> None:  # noqa: FBT001 - a column
    """Or it is not barred."""
    decision = bars_plain_http(_seal(**changes), service="s3", resources=SEALED)

    assert sealed == decision.allowed
    assert decision.why


def test_two_statements_may_bar_it_together() -> None:
    """One for the bucket, one for what is in it."""
    half = {**SEAL, "Resource": "arn:aws:s3:::files"}

    assert bars_plain_http(
        _policy(half, {**SEAL, "Resource": "arn:aws:s3:::files/*"}), service="s3", resources=SEALED
    ).allowed
    assert "files/" in bars_plain_http(_policy(half), service="s3", resources=SEALED).why


DENIED = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
READER = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::b/*",
}


def _source(*arns: str, operator: str = "StringEquals") -> dict[str, object]:
    return {"Condition": {operator: {"AWS:SourceArn": list(arns) if len(arns) != 1 else arns[0]}}}


OWN = "arn:aws:cloudfront::111122223333:distribution/E1"


@pytest.mark.parametrize(
    ("statement", "nothing"),
    (
        ({**DENIED, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, True),
        ({**DENIED, "Condition": {"Bool": {"AWS:SecureTransport": False}}}, True),
        ({**DENIED, "Principal": {"AWS": "*"}, "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}, True),
        ({**DENIED, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        ({**DENIED, "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}, True),
        ({**DENIED, "Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}}, False),
        ({**DENIED, "Condition": {"Bool": "aws:SecureTransport"}}, False),
        (DENIED, False),
        ({**DENIED, "Effect": "Allow", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
        ({**READER, **_source(OWN)}, True),
        ({**READER, **_source(OWN, OWN.replace("E1", "E2"))}, True),
        ({**READER, "Action": ["s3:GetObject"], **_source(OWN, operator="ArnLike")}, True),
        ({**READER, **_source(OWN.replace("1111", "9999"))}, False),
        ({**READER, **_source(OWN, OWN.replace("E1", "E3"))}, False),
        ({**READER, **_source(OWN.replace("E1", "*"), operator="StringLike")}, False),
        ({**READER, **_source(OWN.replace("E1", "E3"))}, False),
        ({**READER, **_source(OWN, operator="StringNotEquals")}, False),
        ({**READER, **_source()}, False),
        (READER, False),
        ({**READER, "Effect": "Deny", **_source(OWN)}, False),
        ({**READER, "Principal": "*", **_source(OWN)}, False),
        ({**READER, "Principal": {"Service": "cloudfront.amazonaws.com", "AWS": "*"}, **_source(OWN)}, False),
        ({**READER, "Action": "s3:*", **_source(OWN)}, False),
        ({**READER, "Action": ["s3:GetObject", "s3:PutObject"], **_source(OWN)}, False),
        ({}, False),
    ),
)
def test_a_statement_more_opens_nothing_or_something(statement: dict[str, object], nothing: bool) -> None:  # noqa: FBT001 - a column
    """A denial of plain HTTP alone, or the target's distributions that read; whatever is near to either is another."""
    assert nothing is opens_nothing(statement, distributions=(OWN, OWN.replace("E1", "E2")))


@given(st.text() | st.builds(_policy, st.fixed_dictionaries(dict.fromkeys(("Effect", "Action", "Condition"), JSON))))
def test_no_text_is_taken_for_a_seal(policy: str) -> None:
    """Nor makes it raise."""
    assert not bars_plain_http(policy, service="s3", resources=SEALED).allowed
