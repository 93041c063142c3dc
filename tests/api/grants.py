"""What the settings' own tables grant, and what was seen to be called, in the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from khaya_api import settings
from tests.api.walks import Seen

FUNCTIONS = (
    "API function",
    "daily function",
    "sign-in function",
    "trust function",
    "notice function",
    "audit function",
)
ACTIONS = {
    "s3.head_bucket": "s3:ListBucket",
    "s3.generate_presigned_url": "s3:PutObject",
    "cognito-idp.describe_user_pool_client": "cognito-idp:DescribeUserPoolClient",
    "cognito-idp.admin_add_user_to_group": "cognito-idp:AdminAddUserToGroup",
    "cognito-idp.admin_list_groups_for_user": "cognito-idp:AdminListGroupsForUser",
    "sns.publish": "sns:Publish",
    "sesv2.send_email": "ses:SendEmail",
    "ssm.put_parameter": "ssm:PutParameter",
    "secretsmanager.get_secret_value": "secretsmanager:GetSecretValue",
}


_USERS = {("dynamodb:GetItem", "users"), ("dynamodb:PutItem", "users"), ("dynamodb:UpdateItem", "users")}
_KEY = ("secretsmanager:GetSecretValue", "")
# What each step of sign-in may do by itself; together they are the sign-in function of the settings' tables.
STEPS: Mapping[str, AbstractSet[tuple[str, str]]] = {
    "PreSignUp": set(),
    "PostConfirmation": {*_USERS, ("cognito-idp:AdminAddUserToGroup", "")},
    "DefineAuthChallenge": set(),
    "CreateAuthChallenge": {
        ("dynamodb:PutItem", "referrals"),
        _KEY,
        ("cognito-idp:AdminListGroupsForUser", ""),
        ("ssm:PutParameter", ""),
        ("sns:Publish", ""),
    },
    "VerifyAuthChallenge": {("dynamodb:GetItem", "referrals"), ("dynamodb:UpdateItem", "referrals"), _KEY},
    "PostAuthentication": _USERS,
}


def called(seen: Seen) -> set[tuple[str, str]]:
    """What was called, as grants."""
    return {(ACTIONS.get(call, call), on) for call, on in seen.grants}


def granted(function: str) -> set[tuple[str, str]]:
    """What the table of the settings' docstring that is about `function` grants: actions on tables and indexes."""
    text = str(settings.__doc__).split(f"Permissions of the {function}")[1].split("\n\n")[1]
    allowed: set[tuple[str, str]] = set()
    for action, places in re.findall(r"\| `([a-z0-9-]+:[A-Za-z]+)` \| ([^|]+) \|", text):
        named = re.findall(r"`([^`]+)`", places) if action.startswith("dynamodb:") else [""]
        allowed |= {(action, place) for place in named}
    return allowed
