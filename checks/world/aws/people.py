"""What journeys need and nothing else does: people made for them, and the traces that these leave.

The only questions that change something. A password is made by who asks, sent once, and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from checks.world.aws.stacks import utc
from checks.world.aws.wire import NOTHING, Ask, Asking, shaped
from checks.world.ports import Guess

_GONE = ("UserNotFoundException",)
CREATE = Ask(service="cognito-idp", operation="AdminCreateUser", needs=("User",))
PASSWORD = Ask(service="cognito-idp", operation="AdminSetUserPassword")
JOIN = Ask(service="cognito-idp", operation="AdminAddUserToGroup")
SIGN_IN = Ask(
    service="cognito-idp",
    operation="AdminInitiateAuth",
    gone=("NotAuthorizedException", "UserNotFoundException", "InvalidParameterException"),
)
# Cognito counts five wrong passwords; from then on it looks at none for a while, which it says in other words.
TRY = Ask(
    service="cognito-idp",
    operation="AdminInitiateAuth",
    gone=("NotAuthorizedException",),
    gone_says="Incorrect username or password",
    bare=("NotAuthorizedException", "TooManyFailedAttemptsException", "LimitExceededException"),
)
DELETE = Ask(service="cognito-idp", operation="AdminDeleteUser", gone=_GONE)
GET = Ask(service="cognito-idp", operation="AdminGetUser", needs=("Username",), gone=_GONE)
USERS = Ask(service="cognito-idp", operation="ListUsers", needs=("Users",), more="PaginationToken")
REMOVE = Ask(service="dynamodb", operation="DeleteItem", gone=("ResourceNotFoundException",))
ROW = Ask(service="dynamodb", operation="GetItem", gone=("ResourceNotFoundException",))
VERSIONS = Ask(service="s3", operation="ListObjectVersions", iam="s3:ListBucketVersions")
OBJECT = Ask(service="s3", operation="DeleteObject")
_TOKENS = {"id": "IdToken", "access": "AccessToken", "refresh": "RefreshToken"}


def make_user(  # noqa: PLR0917 - as ports.Aws has it
    asking: Asking, region: str, pool: str, name: str, password: str, groups: tuple[str, ...]
) -> str:
    """Somebody new with a password for good, in these groups; gives their subject. Nobody is written to."""
    made = asking.demand(CREATE, region, UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    asking.demand(PASSWORD, region, UserPoolId=pool, Username=name, Password=password, Permanent=True)
    for group in groups:
        asking.demand(JOIN, region, UserPoolId=pool, Username=name, GroupName=group)
    told = shaped(CREATE, region, lambda: {each["Name"]: each["Value"] for each in made["User"]["Attributes"]})
    return str(told.get("sub", ""))


def sign_in(  # noqa: PLR0917 - as ports.Aws has it
    asking: Asking, region: str, pool: str, client: str, name: str, password: str
) -> Mapping[str, str]:
    """Tokens by their kind (``id``, ``access``, ``refresh``); none when the pool refuses."""
    words = {"USERNAME": name, "PASSWORD": password}
    return _tokens(asking, region, pool, client, "ADMIN_USER_PASSWORD_AUTH", words)


def guess(  # noqa: PLR0917 - as ports.Aws has it
    asking: Asking, region: str, pool: str, client: str, name: str, password: str
) -> Guess:
    """What comes of trying a password."""
    words = {"USERNAME": name, "PASSWORD": password}
    asked = {"ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": words}
    answer = asking.call(TRY, region, UserPoolId=pool, **asked)
    if answer is None:
        return "wrong"
    return "locked" if answer is NOTHING else "right"


def refresh(asking: Asking, region: str, pool: str, client: str, token: str) -> Mapping[str, str]:
    """New tokens for a refresh token; none when the pool refuses."""
    return _tokens(asking, region, pool, client, "REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": token})


def drop_user(asking: Asking, region: str, pool: str, name: str) -> bool:
    """Whether nobody of that name is there any more, once they were deleted."""
    asking.call(DELETE, region, UserPoolId=pool, Username=name)
    return asking.call(GET, region, UserPoolId=pool, Username=name) is None


def users(asking: Asking, region: str, pool: str, prefix: str) -> Sequence[tuple[str, datetime]]:
    """Everybody whose name or e-mail address begins so, and when they were made.

    In a pool where people sign in with an address their user name is one that Cognito draws.
    """
    found: dict[str, datetime] = {}
    for field in ("username", "email"):
        for page in asking.pages(USERS, region, UserPoolId=pool, Filter=f'{field} ^= "{prefix}"'):
            found |= shaped(USERS, region, lambda page=page: dict(map(_known_as, page["Users"])))  # type: ignore[misc]
    return tuple(sorted((name, made) for name, made in found.items() if name.startswith(prefix)))


def _known_as(one: Mapping[str, Any]) -> tuple[str, datetime]:
    told = {each["Name"]: str(each["Value"]) for each in one.get("Attributes", [])}
    return told.get("email", str(one["Username"])), utc(one["UserCreateDate"])


def remove_row(asking: Asking, region: str, table: str, key: tuple[tuple[str, str], ...]) -> bool:
    """Whether no row of that key is there any more, once it was deleted."""
    which = {"TableName": table, "Key": {name: {"S": value} for name, value in key}}
    asking.demand(REMOVE, region, **which)
    return "Item" not in asking.demand(ROW, region, **which, ConsistentRead=True)


def remove_object(asking: Asking, region: str, bucket: str, key: str, owner: str) -> bool:
    """Whether no version of that object is there any more, once all were deleted."""
    for one in _versions(asking, region, bucket, key, owner):
        asking.demand(OBJECT, region, Bucket=bucket, Key=key, VersionId=one, ExpectedBucketOwner=owner)
    return not _versions(asking, region, bucket, key, owner)


def stored(asking: Asking, region: str, bucket: str, key: str, owner: str) -> tuple[int, ...]:
    """The bytes of each version of that object, the newest first; none where there is no such object."""
    answer = asking.demand(VERSIONS, region, Bucket=bucket, Prefix=key, ExpectedBucketOwner=owner)
    every = answer.get("Versions") or []
    return shaped(VERSIONS, region, lambda: tuple(int(one["Size"]) for one in every if one["Key"] == key))


def _versions(asking: Asking, region: str, bucket: str, key: str, owner: str) -> list[str]:
    answer = asking.demand(VERSIONS, region, Bucket=bucket, Prefix=key, ExpectedBucketOwner=owner)
    every = [*(answer.get("Versions") or []), *(answer.get("DeleteMarkers") or [])]
    return [str(one["VersionId"]) for one in every if one.get("Key") == key]


def _tokens(  # noqa: PLR0917 - as ports.Aws has it
    asking: Asking, region: str, pool: str, client: str, flow: str, words: Mapping[str, str]
) -> Mapping[str, str]:
    answer = asking.call(SIGN_IN, region, UserPoolId=pool, ClientId=client, AuthFlow=flow, AuthParameters=words)
    given = (answer or {}).get("AuthenticationResult") or {}
    return {kind: str(given[key]) for kind, key in _TOKENS.items() if key in given}
