"""Sign-in without a password: `khaya_api.triggers.handler`, called by the user pool at each step.

A code is drawn, sent and kept when a challenge is made, and answered at most three times. Whoever is unknown is asked
for a code like anybody else, and counted like anybody else; only nobody gets one. A code is in no answer and no log.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError

from khaya_api import codes, messengers, users
from khaya_api.access import Role
from khaya_api.aws import asking
from khaya_api.errors import Refusal, describe
from khaya_api.kit import Kit, kit_from
from khaya_api.messengers import Message, Messenger, Person
from khaya_api.phones import e164
from khaya_api.settings import Carriers, read_carriers

SERVICE = "khaya-sign-in"
SYNTHETIC = messengers.SYNTHETIC
_CHALLENGE = "CUSTOM_CHALLENGE"
# What somebody may make themselves; an admin is made by an admin.
_FREE = frozenset({Role.BUYER, Role.WORKER, Role.SELLER})

Event = dict[str, Any]
Handler = Callable[[Event, object], Event]


class SignInFailed(Exception):
    """What the user pool passes on to whoever signs in: the same words, whoever it is."""


def build(kit: Kit, carriers: Carriers) -> Handler:
    """The handler that stands on `kit` and sends by `carriers`."""
    common = messengers.common(carriers, kit.connect)
    steps: Mapping[str, Callable[[Event], None]] = {
        "PreSignUp": refuse_odd_phone,
        "PostConfirmation": lambda event: welcome(kit, event),
        "DefineAuthChallenge": define,
        "CreateAuthChallenge": lambda event: create(kit, carriers, common, event),
        "VerifyAuthChallengeResponse": lambda event: verify(kit, event),
        "PostAuthentication": lambda event: greet(kit, event),
    }

    def handle(event: Event, context: object) -> Event:
        step = str(event["triggerSource"]).partition("_")[0]
        try:
            steps[step](event)
        except (SignInFailed, Refusal):
            raise
        except Exception as error:  # noqa: BLE001 - what AWS says must not reach whoever signs in
            kit.log.error("sign-in failed", step=step, extra=describe(error))  # noqa: TRY400 - see `describe`
            kit.count({"SignInErrors": 1})
            raise SignInFailed("This did not work. Try again in a moment.") from None
        return event

    return handle


def refuse_odd_phone(event: Event) -> None:
    """A phone number is kept in one spelling; another one of the same number would be another user."""
    phone = str(_attributes(event).get("phone_number", ""))
    if phone and e164(phone) != phone:
        raise SignInFailed("Write the mobile number as +27 and nine digits.")


def define(event: Event) -> None:
    """Ask for a code until it is right, or wrong three times; nothing but a right code gives tokens."""
    session: Sequence[Mapping[str, Any]] = event["request"].get("session") or []
    response = event["response"]
    strange = any(entry.get("challengeName") != _CHALLENGE for entry in session)
    right = bool(session) and session[-1].get("challengeResult") is True and not event["request"].get("userNotFound")
    response["issueTokens"] = right and not strange
    response["failAuthentication"] = not response["issueTokens"] and (strange or len(session) >= codes.MOST_TRIES)
    if not response["issueTokens"] and not response["failAuthentication"]:
        response["challengeName"] = _CHALLENGE


def create(kit: Kit, carriers: Carriers, common: Sequence[Messenger], event: Event) -> None:
    """Send a code at the first challenge; at the next ones the same code is still asked for."""
    event["response"] |= {"publicChallengeParameters": {"length": str(codes.DIGITS)}, "challengeMetadata": "CODE"}
    event["response"]["privateChallengeParameters"] = {"kept": "elsewhere"}
    if event["request"].get("session"):
        return
    user, code = str(event["userName"]), codes.draw()
    if not codes.issue(kit.store, user, code, key=kit.keys.keys()[0], now=kit.clock()):
        kit.count({"CodesLimited": 1})
        raise SignInFailed("Too many codes were asked for. Wait ten minutes.")
    if not event["request"].get("userNotFound"):
        message = messengers.of_code(code, carriers.whatsapp_template)
        _send(kit, _messengers(kit, carriers, common, event), event, message)


def verify(kit: Kit, event: Event) -> None:
    """Say whether the answer is the code; for nobody it never is."""
    answer, user = str(event["request"].get("challengeAnswer") or ""), str(event["userName"])
    # Yesterday's key too: a code that was sent before a rotation is still good.
    signing = kit.keys.keys()
    right = any(codes.redeem(kit.store, user, answer, key=key, now=kit.clock()) for key in signing)
    event["response"]["answerCorrect"] = right and not event["request"].get("userNotFound")
    kit.count({"CodesRight" if right else "CodesWrong": 1})


def welcome(kit: Kit, event: Event) -> None:
    """Put a new user into the group of the role that they chose, buyer if none; never into admin. Can be repeated."""
    if event["triggerSource"] != "PostConfirmation_ConfirmSignUp":
        return
    asked = str((event["request"].get("clientMetadata") or {}).get("role", ""))
    role = asked if asked in _FREE else Role.BUYER.value
    with asking("sign-in"):
        kit.connect("cognito-idp").admin_add_user_to_group(
            UserPoolId=event["userPoolId"], Username=event["userName"], GroupName=role
        )
    _remember(kit, event, {"role": role})


def greet(kit: Kit, event: Event) -> None:
    """Note a sign-in."""
    _remember(kit, event, {})


def _messengers(kit: Kit, carriers: Carriers, common: Sequence[Messenger], event: Event) -> Sequence[Messenger]:
    """For a synthetic user the private parameter alone: no real phone ever rings for a probe."""
    if not carriers.synthetic_prefix:
        return common
    if not messengers.is_synthetic(kit.connect, str(event["userPoolId"]), str(event["userName"])):
        return common
    return [messengers.parameter(kit.connect, carriers.synthetic_prefix, str(event["userName"]))]


def _send(kit: Kit, ways: Sequence[Messenger], event: Event, message: Message) -> None:
    known = _attributes(event)
    # An address that nobody has proven to be theirs could be anybody's.
    email = known.get("email") if known.get("email_verified") == "true" else None
    person = Person(phone=e164(str(known.get("phone_number", ""))), email=email)
    taken, failures = messengers.deliver(ways, person, message)
    for failure in failures:
        kit.log.error("code not taken", extra=describe(failure))
    kit.count({"CodesSent" if taken else "CodesFailed": 1})
    if taken is None:
        raise SignInFailed("The code could not be sent. Try again in a moment.")
    kit.log.info("code sent", by=taken)


def _remember(kit: Kit, event: Event, more: Mapping[str, str]) -> None:
    known = _attributes(event)
    given = {
        "phone": e164(str(known.get("phone_number", ""))),
        # Else whoever claims an address first would keep its owner out.
        "email": known.get("email") if known.get("email_verified") == "true" else None,
        "name": known.get("name"),
        "loginMethod": "code",
    }
    users.remember(kit.store, str(known["sub"]), given, kit.clock(), role=more.get("role"))


def _attributes(event: Event) -> Mapping[str, str]:
    attributes: Mapping[str, str] = event["request"].get("userAttributes") or {}
    return attributes


def _handler() -> Handler:
    kit = kit_from(os.environ, service=SERVICE)
    # Made while Lambda starts, where the processor is whole; what cannot be made is said when it is asked.
    with suppress(BotoCoreError):
        kit.connect("dynamodb")
    return build(kit, read_carriers(os.environ))


handler: Handler = _handler()
