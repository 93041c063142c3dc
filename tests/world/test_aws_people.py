"""What journeys ask of Cognito and S3, and what they make of the answers."""

from __future__ import annotations

import json

import pytest

from checks.model import CannotLook
from checks.world.ports import Guess
from tests.world.scripted_aws import Make, Reply, error, json_reply, rest_xml

REGION, POOL = "af-south-1", "af-south-1_p"
WRONG = "Incorrect username or password."
# The names of the parts that AWS fills in; a version of another key begins like ours.
VERSIONS = """<ListVersionsResult>
<Version><Key>proofs/a</Key><VersionId>2</VersionId><IsLatest>true</IsLatest><Size>19</Size></Version>
<Version><Key>proofs/a</Key><VersionId>1</VersionId><IsLatest>false</IsLatest><Size>7</Size></Version>
<Version><Key>proofs/ab</Key><VersionId>3</VersionId><IsLatest>true</IsLatest><Size>5</Size></Version>
</ListVersionsResult>"""


def _refusal(code: str, message: str) -> Reply:
    body = json.dumps({"__type": code, "message": message}).encode()
    return Reply(body=body, status=400, request_id="r-1", headers={"x-amzn-errortype": code})


@pytest.mark.parametrize(
    ("reply", "come"),
    (
        (_refusal("NotAuthorizedException", WRONG), "wrong"),
        (_refusal("NotAuthorizedException", "Password attempts exceeded"), "locked"),
        (_refusal("TooManyFailedAttemptsException", "no"), "locked"),
        (json_reply({"AuthenticationResult": {"IdToken": "t"}}), "right"),
        (json_reply({"ChallengeName": "SOFTWARE_TOKEN_MFA"}), "right"),
    ),
    ids=("wrong", "exceeded", "too many", "let in", "asked for more"),
)
def test_what_comes_of_a_password_is_told_apart(told: Make, reply: Reply, come: Guess) -> None:
    """A wrong one was looked at; a lock looks at none; whoever is asked for a second factor had the first."""
    asked, aws = told(reply)

    assert come == asked.guess(REGION, POOL, "c", "somebody", "secret")
    sent = json.loads(aws.requests[0].body)
    assert {"USERNAME": "somebody", "PASSWORD": "secret"} == sent["AuthParameters"]


@pytest.mark.parametrize("code", ("UserNotFoundException", "InvalidParameterException", "AccessDeniedException"))
def test_a_guess_that_was_never_weighed_is_no_lock(told: Make, code: str) -> None:
    """The client lets nobody sign in so, or we may not ask: nothing was seen of locks."""
    asked, _ = told(error(code))

    with pytest.raises(CannotLook):
        asked.guess(REGION, POOL, "c", "somebody", "secret")


def test_an_object_is_seen_with_all_its_versions(told: Make) -> None:
    """The newest first, and nothing of what only begins with its name."""
    asked, _ = told(rest_xml(VERSIONS))

    assert (19, 7) == asked.stored(REGION, "files", "proofs/a", "111122223333")


def test_an_object_that_is_not_there_has_no_version(told: Make) -> None:
    """An empty list is an answer."""
    asked, _ = told(rest_xml("<ListVersionsResult></ListVersionsResult>"))

    assert () == asked.stored(REGION, "files", "proofs/a", "111122223333")
