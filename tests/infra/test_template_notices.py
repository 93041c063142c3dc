"""The notice function as the template makes it: what it may do is what it was seen to do, and it works by daylight."""

from __future__ import annotations

from tests.api.grants import granted
from tests.infra.conftest import Json, Template
from tests.infra.test_template_signin import OWN, actions

FUNCTION = "Notices/NoticeFunction"
TABLES = ("Jobs", "Bids", "Reviews", "Users", "Profiles", "Referrals")
# WhatsApp and e-mail are set up for a target by its settings; the template that is tested has neither.
NOT_SET_UP = {("secretsmanager:GetSecretValue", ""), ("ses:SendEmail", "")}
FAILED = ("sqs:SendMessage", "")


def test_it_may_do_what_its_code_calls(main: Template) -> None:
    """A38, A39: table by table and index by index."""
    assert granted("notice function") - NOT_SET_UP == _allowed(main) - {FAILED}


def test_it_is_called_once_a_day_by_daylight_and_what_fails_is_kept(main: Template) -> None:
    """A20: half past nine in South Africa; the event and the invocation both end in the dead letters at last."""
    rule = main.at("Notices/Rule")["Properties"]
    queue = {"Fn::GetAtt": [main.id_at("DeadLetters/Queue"), "Arn"]}

    assert ("cron(30 7 * * ? *)", "ENABLED") == (rule["ScheduleExpression"], rule["State"])
    (target,) = rule["Targets"]
    assert {"Ref": main.id_at(f"{FUNCTION}/Function/Aliaslive")} == target["Arn"]
    assert queue == target["DeadLetterConfig"]["Arn"]


def test_it_is_told_its_tables_its_pool_and_its_ways(main: Template) -> None:
    """C29: no default name is ever used; no code's template and no prefix of codes either."""
    told = main.at(f"{FUNCTION}/Function")["Properties"]["Environment"]["Variables"]

    assert {"USER_POOL_ID", "SMS", *(f"{noun.upper()}_TABLE" for noun in TABLES)} <= set(told)
    assert {"WHATSAPP_TEMPLATE", "SYNTHETIC_PREFIX", "SIGNING_SECRET"}.isdisjoint(told)


def _allowed(main: Template) -> set[tuple[str, str]]:
    role = {"Ref": main.id_at(f"{FUNCTION}/Role")}
    statements = [
        statement
        for policy in main.of("AWS::IAM::Policy").values()
        if role in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    return {
        (action, place)
        for statement in statements
        for action in actions(statement)
        if action not in OWN
        for place in _places(main, action, statement)
    }


def _places(main: Template, action: str, statement: Json) -> list[str]:
    """Tables and indexes by the code's own names; nothing for what is not DynamoDB's."""
    if not action.startswith("dynamodb:"):
        return [""]
    tables = {main.id_at(f"Data/{noun}Table"): noun.lower() for noun in TABLES}
    listed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    return [_place(tables, resource) for resource in listed]


def _place(tables: dict[str, str], resource: Json) -> str:
    if "Fn::GetAtt" in resource:
        return tables[str(resource["Fn::GetAtt"][0])]
    arn, rest = resource["Fn::Join"][1]
    return tables[str(arn["Fn::GetAtt"][0])] + str(rest).removeprefix("/index").replace("/index", "")
