"""Errands of the functions that know people: the steps of a sign-up and a sign-in, and the daily notices."""

from __future__ import annotations

import itertools
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from khaya_api.pending import LATEST, Kind
from khaya_api.reviews import review_id
from khaya_api.users import NEWCOMERS
from tests.deployed.calling import add_bid, add_job, begin_anew, call, get, moment, put
from tests.deployed.conftest import House
from tests.deployed.people import code_of

_CHALLENGE = "CUSTOM_CHALLENGE"
_SYNTHETIC = "synthetic"
# From anywhere: another run may have left people on the same twin.
_numbers = itertools.count(secrets.randbelow(9_000_000))


def take_one_spelling(house: House) -> None:
    """A phone number in its one spelling may sign up; the event comes back as it went."""
    event = _event(house, "PreSignUp_SignUp", "nobody-yet", {"phone_number": _phone()})

    assert event == call(house, "SignInPreSignUp", event)


def welcome_a_worker(house: House) -> None:
    """Who signed up as a worker is in the workers' group, has a row, and is on the list of newcomers."""
    user, phone = _somebody(house)
    event = _event(house, "PostConfirmation_ConfirmSignUp", user, {"sub": user, "phone_number": phone})
    event["request"]["clientMetadata"] = {"role": "worker"}
    call(house, "SignInPostConfirmation", event)

    groups = house.aws("cognito-idp").admin_list_groups_for_user(UserPoolId=_pool(house), Username=user)["Groups"]
    assert ["worker"] == [each["GroupName"] for each in groups]
    row = get(house, "Users", {"id": user})
    assert ("worker", phone) == (row["role"]["S"], row["phone"]["S"])
    assert user == get(house, "Users", {"id": f"phone#{phone}"})["userId"]["S"]
    assert NEWCOMERS == get(house, "Users", {"id": f"newcomer#{user}"})["email"]["S"]


def ask_for_a_code(house: House) -> None:
    """At first a code is asked for, and a right one gives tokens."""
    event = _event(house, "DefineAuthChallenge_Authentication", "anybody", {})
    first = call(house, "SignInDefineAuthChallenge", event)["response"]
    event["request"]["session"] = [{"challengeName": _CHALLENGE, "challengeResult": True}]
    last = call(house, "SignInDefineAuthChallenge", event)["response"]

    assert (_CHALLENGE, False) == (first["challengeName"], first["issueTokens"])
    assert last["issueTokens"]


def send_a_code(house: House) -> None:
    """A synthetic user's code is put where the canary reads it; a person's is taken by the provider of messages."""
    probe, person = _somebody(house, _SYNTHETIC), _somebody(house)
    for user, phone in (probe, person):
        _send(house, user, phone)

    assert code_of(house, probe[0]).isdigit()


def know_a_code(house: House) -> None:
    """A wrong code is none and counts as a try; the right one is right, once."""
    user, phone = _somebody(house, _SYNTHETIC)
    _send(house, user, phone)
    code = code_of(house, user)
    event = _event(house, "VerifyAuthChallengeResponse_Authentication", user, {"sub": user, "phone_number": phone})
    answers = []
    for said in ("wrong", code, code):
        event["request"]["challengeAnswer"] = said
        answers.append(call(house, "SignInVerifyAuthChallenge", event)["response"]["answerCorrect"])

    assert [False, True, False] == answers


def note_a_sign_in(house: House) -> None:
    """Who signs in has a row that says when, and their number is theirs; the next time it is the same row."""
    user, phone = str(uuid.uuid4()), _phone()
    event = _event(house, "PostAuthentication_Authentication", user, {"sub": user, "phone_number": phone})
    for times in (1, 2):
        call(house, "SignInPostAuthentication", event)
        row = get(house, "Users", {"id": user})
        assert (phone, str(times), True) == (row["phone"]["S"], row["version"]["N"], "lastSignedIn" in row)
    assert user == get(house, "Users", {"id": f"phone#{phone}"})["userId"]["S"]


def tell_who_has_something_to_do(house: House) -> None:
    """A buyer hears of bids, both parties hear that they may review, and who was new for too long is new no more."""
    begin_anew(house, "notices")
    (buyer, _), (worker, _) = parties = [_somebody(house), _somebody(house)]
    for user, phone in parties:
        put(house, "Users", {"id": user, "phone": phone, "createdAt": moment(), "version": 1})
    waiting = add_job(house, status="open", bidCount=1, buyerId=buyer)
    add_bid(house, waiting)
    lately = moment(datetime.now(UTC) - timedelta(days=2))
    done = add_job(house, status="completed", buyerId=buyer, workerId=worker, updatedAt=lately)
    put(house, "Reviews", {"id": review_id(done, worker), "reviewedId": buyer, "rating": 5, "createdAt": lately})
    newcomer = _newcomer(house)
    tally = call(house, "NoticesNoticeFunction", {})

    assert tally["failed"] == 0
    for kind, user, about in ((Kind.BIDS_WAITING, buyer, waiting), (Kind.REVIEW_DUE, buyer, done)):
        assert "1" == get(house, "Referrals", {"id": f"told#{kind.value}#{user}#{about}"})["times"]["N"]
    assert "email" not in get(house, "Users", {"id": newcomer})


def _newcomer(house: House) -> str:
    """Somebody who has been new for longer than anybody is told of it; the id of the mark."""
    user = uuid.uuid4().hex
    since = moment(datetime.now(UTC) - LATEST - timedelta(days=1))
    mark = {"id": f"newcomer#{user}", "email": NEWCOMERS, "userId": user, "role": "worker", "createdAt": since}
    put(house, "Users", mark)
    return mark["id"]


def _send(house: House, user: str, phone: str) -> None:
    event = _event(house, "CreateAuthChallenge_Authentication", user, {"sub": user, "phone_number": phone})
    called = call(house, "SignInCreateAuthChallenge", event)
    assert {"length": "6"} == called["response"]["publicChallengeParameters"]


def _event(house: House, trigger: str, user: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    """What the user pool hands to a step."""
    return {
        "version": "1",
        "triggerSource": trigger,
        "region": "af-south-1",
        "userPoolId": _pool(house),
        "userName": user,
        "request": {"userAttributes": dict(attributes), "userNotFound": False},
        "response": {},
    }


def _somebody(house: House, *groups: str) -> tuple[str, str]:
    """A user of the pool whom nobody has heard of before: their id and their phone number."""
    cognito, pool, phone = house.aws("cognito-idp"), _pool(house), _phone()
    named = [{"Name": "phone_number", "Value": phone}, {"Name": "phone_number_verified", "Value": "true"}]
    made = cognito.admin_create_user(
        UserPoolId=pool, Username=phone, MessageAction="SUPPRESS", UserAttributes=named
    )["User"]  # fmt: skip
    for group in groups:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=made["Username"], GroupName=group)
    return str(made["Username"]), phone


def _phone() -> str:
    return f"+2763{next(_numbers):07}"


def _pool(house: House) -> str:
    return house.output("UserPoolId")
