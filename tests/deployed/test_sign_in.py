"""Sign-in by code on the deployed pool: its triggers, their roles, and what a stranger can learn or change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deployed.conftest import House
from tests.deployed.people import answer, begin, code_of, enrol, parts, public, sign_in

pytestmark = pytest.mark.twin


def refusal(attempt: Any, **asked: object) -> tuple[str, str]:  # noqa: ANN401 - any call of a boto3 client
    """The code and the words of what was refused."""
    with pytest.raises(ClientError) as refused:
        attempt(**asked)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def ask(house: House, name: str) -> dict[str, Any]:
    """What a browser is told that begins to sign in."""
    asked = public(house).initiate_auth(
        ClientId=house.output("UserPoolClientId"), AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": name}
    )
    return {key: value for key, value in asked.items() if key not in {"ResponseMetadata", "Session"}}


def test_a_code_signs_in_and_a_session_answers_once(house: House) -> None:
    """D03, D04: tokens of the group for the code; the answered session is worth nothing, and so is the code."""
    sub, phone = enrol(house, "worker")
    session = begin(house, phone)
    code = code_of(house, sub)
    given = answer(house, phone, session, code)["AuthenticationResult"]

    assert {"worker", "synthetic"} == set(parts(given["IdToken"])[1]["cognito:groups"])
    with pytest.raises(ClientError, match="Invalid session"):
        answer(house, phone, session, code)
    again = answer(house, phone, begin(house, phone), code)
    assert "CUSTOM_CHALLENGE" == again["ChallengeName"]


def test_three_wrong_codes_end_it(house: House) -> None:
    """D03: the third wrong answer is the last, and the right code is no use after it."""
    sub, phone = enrol(house, "buyer")
    session = begin(house, phone)
    code = code_of(house, sub)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(2):
        session = str(answer(house, phone, session, wrong)["Session"])

    with pytest.raises(ClientError, match="NotAuthorizedException"):
        answer(house, phone, session, wrong)
    with pytest.raises(ClientError, match="Invalid session"):
        answer(house, phone, session, code)


def test_a_fourth_code_within_ten_minutes_is_not_sent(house: House) -> None:
    """D03: in the same words to somebody and to nobody."""
    _, phone = enrol(house, "buyer")
    told = []
    for name in (phone, "+27619999999"):
        for _ in range(3):
            ask(house, name)
        told.append(refusal(lambda name=name: ask(house, name)))

    assert told[0] == told[1]
    assert ("UserLambdaValidationException", True) == (told[0][0], "Too many codes" in told[0][1])


def test_nobody_is_asked_like_somebody(house: House) -> None:
    """A13: who does not exist gets the same challenge, and no code opens it."""
    _, phone = enrol(house, "buyer")
    stranger = "+27618888888"

    assert ask(house, phone) == ask(house, stranger)
    later = answer(house, stranger, begin(house, stranger), "123456")
    assert "CUSTOM_CHALLENGE" == later["ChallengeName"]


def test_who_signs_up_gets_the_group_they_asked_for_and_never_admin(house: House) -> None:
    """D08: worker when asked for, buyer when an admin is asked for; a number in another spelling is refused."""
    pool, client, browser = house.output("UserPoolId"), house.output("UserPoolClientId"), public(house)
    cognito = house.aws("cognito-idp")
    for phone, asked, got in (("+27620000001", "worker", "worker"), ("+27620000002", "admin", "buyer")):
        named = [{"Name": "phone_number", "Value": phone}]
        browser.sign_up(ClientId=client, Username=phone, Password="Correct-horse-7", UserAttributes=named)
        [user] = cognito.list_users(UserPoolId=pool, Filter=f'phone_number = "{phone}"')["Users"]
        cognito.admin_confirm_sign_up(UserPoolId=pool, Username=user["Username"], ClientMetadata={"role": asked})
        groups = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=user["Username"])["Groups"]
        assert [got] == [each["GroupName"] for each in groups]

    odd = "+270620000003"
    told = refusal(
        browser.sign_up, ClientId=client, Username=odd, Password="Correct-horse-7",
        UserAttributes=[{"Name": "phone_number", "Value": odd}],
    )  # fmt: skip
    assert ("UserLambdaValidationException", True) == (told[0], "+27 and nine digits" in told[1])


def test_nobody_writes_what_the_client_may_not(house: House) -> None:
    """A11: neither that a number is proven nor anything that sounds like a role; a name can be written."""
    person, browser = sign_in(house, "buyer"), public(house)
    for name, value in (("phone_number_verified", "true"), ("email_verified", "true"), ("custom:role", "admin")):
        told = refusal(
            browser.update_user_attributes,
            AccessToken=person.access_token,
            UserAttributes=[{"Name": name, "Value": value}],
        )
        assert "NotAuthorizedException" == told[0], name

    browser.update_user_attributes(
        AccessToken=person.access_token, UserAttributes=[{"Name": "name", "Value": "Thandi"}]
    )


def test_a_sign_in_is_remembered_and_a_code_is_in_no_log(house: House) -> None:
    """C33, E08: the user's row says when; no log of any step has the code or the number."""
    sub, phone = enrol(house, "seller")
    session = begin(house, phone)
    code = code_of(house, sub)
    answer(house, phone, session, code)

    table = house.resource("AWS::DynamoDB::Table", "DataUsersTable")
    row = house.aws("dynamodb").get_item(TableName=table, Key={"id": {"S": sub}})["Item"]
    assert (phone, True) == (row["phone"]["S"], "lastSignedIn" in row)
    logs = house.aws("logs")
    said = [
        event["message"]
        for group in logs.describe_log_groups(logGroupNamePrefix="/KhayaStack/")["logGroups"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        for event in page["events"]
    ]
    assert any("code sent" in each for each in said)
    assert [] == [each for each in said if phone in each or f'"{code}"' in each or f" {code} " in each]


def test_a_step_can_do_nothing_of_another(house: House) -> None:
    """A39: the function that sends codes, called as its role, reads no code and makes nobody anything."""
    pool, cognito = house.output("UserPoolId"), house.aws("cognito-idp")
    config = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["LambdaConfig"]
    functions, iam = house.aws("lambda"), house.aws("iam")
    roles = {step: functions.get_function_configuration(FunctionName=arn)["Role"] for step, arn in config.items()}
    assert len(config) == len(set(roles.values()))

    allowed = {step: set(_actions(iam, arn.rpartition("/")[2])) for step, arn in roles.items()}
    assert {"CreateAuthChallenge"} == {step for step, actions in allowed.items() if "ssm:PutParameter" in actions}
    assert {"PostConfirmation"} == {
        step for step, actions in allowed.items() if "cognito-idp:AdminAddUserToGroup" in actions
    }
    assert set() == {action for actions in allowed.values() for action in actions if action.startswith("ssm:Get")}


def test_a_pool_that_may_not_call_its_trigger_signs_nobody_in(house: House) -> None:
    """AWS: without the function's permission the call itself is refused; given back, a code is asked for."""
    _, phone = enrol(house, "buyer")
    functions, name = house.aws("lambda"), house.resource("AWS::Lambda::Function", "SignInDefineAuthChallenge")
    live = {"FunctionName": name, "Qualifier": "live"}
    [given] = json.loads(functions.get_policy(**live)["Policy"])["Statement"]
    functions.remove_permission(**live, StatementId=given["Sid"])
    try:
        told = refusal(lambda: ask(house, phone))
        assert ("UnexpectedLambdaException", True) == (told[0], "AccessDeniedException" in told[1])
    finally:
        functions.add_permission(
            **live,
            StatementId=given["Sid"],
            Action="lambda:InvokeFunction",
            Principal="cognito-idp.amazonaws.com",
            SourceArn=given["Condition"]["ArnLike"]["AWS:SourceArn"],
        )
    assert "CUSTOM_CHALLENGE" == ask(house, phone)["ChallengeName"]


def _actions(iam: Any, role: str) -> list[str]:  # noqa: ANN401 - a boto3 client has no type
    found: list[str] = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        written = document if isinstance(document, dict) else json.loads(document)
        for statement in written["Statement"]:
            found += [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    return found
