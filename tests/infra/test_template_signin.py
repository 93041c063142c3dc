"""Sign-in as the template makes it: six steps, each with a role that can do what the step was seen to do."""

from __future__ import annotations

import json
import tomllib

import pytest
from aws_cdk import App, Environment, Stack, assertions

from khaya_infra.auth import Auth
from khaya_infra.settings import Settings, SettingsError, settings_from
from khaya_infra.signin import STEPS, Step
from tests.api.grants import STEPS as EXPECTED
from tests.api.grants import granted
from tests.infra.conftest import ROOT, Json, Template

NAMES = [step.name for step in STEPS]
OWN = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def policies(main: Template, name: str) -> list[Json]:
    """The statements of all policies of a step's role, of which the one about the pool stands apart."""
    role = {"Ref": main.id_at(f"SignIn/{name}/Role")}
    return [
        statement
        for policy in main.of("AWS::IAM::Policy").values()
        if role in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def actions(statement: Json) -> list[str]:
    """The actions of a statement, one or several."""
    written = statement["Action"]
    return [written] if isinstance(written, str) else list(written)


def allowed(main: Template, name: str) -> set[tuple[str, str]]:
    """What a step may do beside logging, in the words of the code: actions, and tables for those of DynamoDB."""
    tables = {main.id_at(f"Data/{noun}Table"): noun.lower() for noun in ("Users", "Referrals")}
    return {
        (action, tables[statement["Resource"]["Fn::GetAtt"][0]] if action.startswith("dynamodb:") else "")
        for statement in policies(main, name)
        for action in actions(statement)
        if action not in OWN
    }


def test_the_pool_calls_a_function_at_each_step(main: Template) -> None:
    """D01: six triggers, each another function by its alias, each allowed to be called by this pool alone."""
    pool = main.id_at("Auth/Pool")
    config = main.at("Auth/Pool")["Properties"]["LambdaConfig"]
    permissions = {
        permission["FunctionName"]["Ref"]: permission
        for permission in main.of("AWS::Lambda::Permission").values()
        if permission["Principal"] == "cognito-idp.amazonaws.com"
    }

    live = {name: main.id_at(f"SignIn/{name}/Function/Aliaslive") for name in NAMES}
    assert {_trigger(step): {"Ref": live[step.name]} for step in STEPS} == config
    assert set(live.values()) == permissions.keys()
    assert {pool} == {permission["SourceArn"]["Fn::GetAtt"][0] for permission in permissions.values()}


def test_no_function_waits_for_what_names_the_pool(main: Template) -> None:
    """CloudFormation: the pool names its functions, so neither a function nor what it waits for may name the pool."""
    pool = f'"{main.id_at("Auth/Pool")}"'
    for name in NAMES:
        function = main.at(f"SignIn/{name}/Function")
        needed = [function, *(main.resources[each] for each in function.get("DependsOn", []))]
        assert [] == [each["Type"] for each in needed if pool in json.dumps(each)], name


@pytest.mark.parametrize("name", NAMES)
def test_a_step_outlasts_no_patience_and_has_a_role_of_its_own(main: Template, name: str) -> None:
    """AWS: Cognito waits five seconds for a trigger; no managed policy, no role of another."""
    properties = main.at(f"SignIn/{name}/Function")["Properties"]

    assert (5, "khaya_api.triggers.handler") == (properties["Timeout"], properties["Handler"])
    assert {"Fn::GetAtt": [main.id_at(f"SignIn/{name}/Role"), "Arn"]} == properties["Role"]
    assert "ManagedPolicyArns" not in main.at(f"SignIn/{name}/Role")["Properties"]


@pytest.mark.parametrize("name", NAMES)
def test_a_step_may_do_what_it_does_and_nothing_else(main: Template, name: str) -> None:
    """A39: the same table that the code's own calls are compared with, step by step."""
    assert EXPECTED[name] == allowed(main, name)


def test_all_steps_together_are_what_the_code_says_it_calls() -> None:
    """A39: the code's own table, less the e-mail that this target does not send."""
    together = {each for step in EXPECTED.values() for each in step}

    assert EXPECTED.keys() == set(NAMES)
    assert granted("sign-in function") - {("ses:SendEmail", "")} == together


def test_a_text_message_is_all_that_may_be_published(main: Template) -> None:
    """AWS: publishing to a number has no resource; every topic there is stays out."""
    (statement,) = (each for each in policies(main, "CreateAuthChallenge") if actions(each) == ["sns:Publish"])

    assert ("arn:*:sns:*:*:*", None) == (statement["NotResource"], statement.get("Resource"))


def test_codes_of_synthetic_users_go_below_one_name_of_this_stack(main: Template) -> None:
    """D12: the one who sends writes below it, and is told the same name as who reads."""
    (statement,) = (each for each in policies(main, "CreateAuthChallenge") if "ssm:PutParameter" in actions(each))
    variables = main.at("SignIn/CreateAuthChallenge/Function")["Properties"]["Environment"]["Variables"]

    assert ":parameter/KhayaStack/synthetic/*" in json.dumps(statement["Resource"])
    assert "/KhayaStack/synthetic" == variables["SYNTHETIC_PREFIX"] == main.outputs["SyntheticPrefix"]["Value"]


def test_a_step_is_told_what_its_settings_ask_for_and_no_secret(main: Template) -> None:
    """C29: tables by name, the signing key by name, and nothing to those that need nothing."""
    told = {
        name: set(main.at(f"SignIn/{name}/Function")["Properties"]["Environment"]["Variables"])
        - {"GIT_SHA", "VERSION", "STAGE", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}
        for name in NAMES
    }
    users, codes = {"USERS_TABLE"}, {"REFERRALS_TABLE", "SIGNING_SECRET"}

    assert {
        "PreSignUp": set(),
        "PostConfirmation": users,
        "DefineAuthChallenge": set(),
        "CreateAuthChallenge": codes | {"SYNTHETIC_PREFIX", "SMS"},
        "VerifyAuthChallenge": codes,
        "PostAuthentication": users,
    } == told


def test_a_session_lasts_as_long_as_a_code(main: Template) -> None:
    """D03: Cognito's own three minutes would end before the ten that a code is good for."""
    assert 10 == main.one("AWS::Cognito::UserPoolClient")["AuthSessionValidity"]


@pytest.mark.parametrize(
    ("given", "said"),
    (
        ({"whatsapp_url": "http://x"}, "deploy.settings.whatsapp_url must match"),
        ({"whatsapp_url": "https://x/messages"}, "all of whatsapp_url, whatsapp_template, whatsapp_key_name or none"),
        ({"email_sender": "nobody"}, "deploy.settings.email_sender must match"),
        ({"sms": "on"}, "deploy.settings.sms must be true or false"),
        ({"telegram": "x"}, "deploy.settings knows"),
        ("on", "settings must be a table"),
    ),
)
def test_odd_ways_to_carry_a_code_are_refused_by_name(given: object, said: str) -> None:
    """A misspelt way would be one that never sends."""
    with pytest.raises(SettingsError, match=said):
        target({"settings": given})


def test_all_ways_to_carry_a_code_can_be_named() -> None:
    """WhatsApp by three keys, e-mail by one; text messages unless told otherwise."""
    whatsapp = {
        "whatsapp_url": "https://graph.example.org/v1/1/messages",
        "whatsapp_template": "code",
        "whatsapp_key_name": "khaya/whatsapp",
    }
    carriers = target({"settings": {**whatsapp, "email_sender": "no-reply@khaya.example", "sms": False}}).carriers

    assert (whatsapp["whatsapp_url"], "no-reply@khaya.example", False) == (
        carriers.whatsapp_url,
        carriers.email_sender,
        carriers.sms,
    )
    assert target({}).carriers.sms


def target(deploy: object) -> Settings:
    """The twin's target with this table `[deploy]`."""
    document = tomllib.loads((ROOT / "checks" / "targets" / "local.toml").read_text("utf-8"))
    return settings_from({**document, "deploy": deploy}, stage="local", source="local.toml")


def _trigger(step: Step) -> str:
    name: str = step.operation.operation_name
    return name[0].upper() + name[1:]


@pytest.mark.parametrize(
    ("sender", "said"),
    (
        pytest.param("", None, id="Cognito's own"),
        pytest.param(
            "no-reply@khaya.example",
            {
                "EmailSendingAccount": "DEVELOPER",
                "From": "Khaya <no-reply@khaya.example>",
                "SourceArn": "arn:aws:ses:af-south-1:111122223333:identity/khaya.example",
            },
            id="by SES",
        ),
    ),
)
def test_the_pools_own_mails_come_from_the_sender_of_the_settings(sender: str, said: Json | None) -> None:
    """Cognito's own sender takes fifty a day: too few for a market that has one of its own."""
    stack = Stack(App(), "Shop", env=Environment(account="111122223333", region="af-south-1"))
    Auth(stack, "Auth", sender=sender)
    (pool,) = assertions.Template.from_stack(stack).find_resources("AWS::Cognito::UserPool").values()
    mails = pool["Properties"].get("EmailConfiguration")
    if mails:
        # The partition is left to the region.
        mails["SourceArn"] = "".join(
            part if isinstance(part, str) else "aws" for part in mails["SourceArn"]["Fn::Join"][1]
        )

    assert said == mails
