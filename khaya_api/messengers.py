"""Who carries a message to a person: WhatsApp first, then SMS, then e-mail; the first that takes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3

from khaya_api.aws import Connect, asking
from khaya_api.errors import PartOut
from khaya_api.keyring import usable
from khaya_api.settings import Carriers

# A trigger has five seconds in all, of which the next messenger needs some.
_PATIENCE = urllib3.Timeout(connect=1, total=2.5)
_SUBJECT = "Your Khaya code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Where somebody can be reached; at least one of the two."""

    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said, whichever way it goes: `text`, under `subject` where there are subjects.

    Where only approved texts are carried it is `template`, filled in with `words`; with `copied` the first of them is
    on a button too, so that nobody has to type it.
    """

    subject: str
    text: str
    template: str
    words: tuple[str, ...] = ()
    copied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Messenger:
    """One way to carry a message. `send` raises `PartOut` unless the other side has taken it."""

    name: str
    reaches: Callable[[Person], bool]
    send: Callable[[Person, Message], None]


def of_code(code: str, template: str) -> Message:
    """The message that carries a sign-in code."""
    text = f"{code} is your Khaya code. It works for ten minutes. Nobody of ours will ever ask for it."
    return Message(subject=_SUBJECT, text=text, template=template, words=(code,), copied=True)


def deliver(messengers: Sequence[Messenger], person: Person, message: Message) -> tuple[str | None, list[PartOut]]:
    """The name of the first that took the message, or None, and what went wrong with those before it."""
    failures: list[PartOut] = []
    for messenger in messengers:
        if not messenger.reaches(person):
            continue
        try:
            messenger.send(person, message)
        except PartOut as out:
            failures.append(out)
        else:
            return messenger.name, failures
    return None, failures


def common(carriers: Carriers, connect: Connect) -> list[Messenger]:
    """WhatsApp, SMS, e-mail: those there are, in this order."""
    found: list[Messenger] = []
    if carriers.whatsapp_url:
        found.append(whatsapp(carriers.whatsapp_url, provider_token(connect, carriers.whatsapp_secret)))
    if carriers.sms:
        found.append(sms(connect))
    if carriers.email_sender:
        found.append(email(connect, carriers.email_sender))
    return found


# The group of users that no person is behind.
SYNTHETIC = "synthetic"


def is_synthetic(connect: Connect, pool: str, user: str) -> bool:
    """Whether a user is one of those that probes sign in as: no real phone ever rings for a probe."""
    with asking("sign-in"):
        answer = connect("cognito-idp").admin_list_groups_for_user(UserPoolId=pool, Username=user)
    return any(group["GroupName"] == SYNTHETIC for group in answer["Groups"])


def whatsapp(url: str, token: Callable[[], str]) -> Messenger:
    """WhatsApp's HTTP interface: `url` is the messages address of a sender."""
    pool = urllib3.PoolManager(timeout=_PATIENCE, retries=False)

    def send(person: Person, message: Message) -> None:
        headers = {"Authorization": f"Bearer {token()}", "Content-Type": "application/json"}
        body = json.dumps(_template(str(person.phone), message))
        try:
            answer = pool.request("POST", url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise PartOut("whatsapp", "no answer", type(error).__name__) from error
        if answer.status != HTTPStatus.OK or not _taken(answer.data):
            # Never the answer itself: it repeats the number.
            raise PartOut("whatsapp", "refused", f"HTTP {answer.status}")

    return Messenger(name="whatsapp", reaches=lambda person: bool(person.phone), send=send)


def sms(connect: Connect) -> Messenger:
    """Amazon SNS, as a message that must arrive."""

    def send(person: Person, message: Message) -> None:
        kind = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
        with asking("sms"):
            connect("sns").publish(PhoneNumber=person.phone, Message=message.text, MessageAttributes=kind)

    return Messenger(name="sms", reaches=lambda person: bool(person.phone), send=send)


def email(connect: Connect, sender: str) -> Messenger:
    """Amazon SES."""

    def send(person: Person, message: Message) -> None:
        body = {"Text": {"Data": message.text}}
        content = {"Simple": {"Subject": {"Data": message.subject}, "Body": body}}
        with asking("email"):
            connect("sesv2").send_email(
                FromEmailAddress=sender, Destination={"ToAddresses": [person.email]}, Content=content
            )

    return Messenger(name="email", reaches=lambda person: bool(person.email), send=send)


def parameter(connect: Connect, prefix: str, user: str) -> Messenger:
    """A private parameter, for synthetic users: only the role that may read it signs in as one of them."""

    def send(_person: Person, message: Message) -> None:
        # The code alone: who reads it is a program.
        value = message.words[0]
        with asking("synthetic"):
            connect("ssm").put_parameter(Name=f"{prefix}/{user}", Value=value, Type="SecureString", Overwrite=True)

    return Messenger(name="parameter", reaches=lambda _person: True, send=send)


def provider_token(connect: Connect, secret: str) -> Callable[[], str]:
    """The provider's token, read by the secret's name each time it is needed: rotation needs no deploy."""

    def read() -> str:
        with asking("whatsapp"):
            return usable(connect("secretsmanager").get_secret_value(SecretId=secret).get("SecretString", "")).decode()

    return read


def _template(phone: str, message: Message) -> dict[str, Any]:
    parameters = [{"type": "text", "text": word} for word in message.words]
    body = {"type": "body", "parameters": parameters}
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": parameters[:1]}
    return {
        "messaging_product": "whatsapp",
        # The interface takes the number without its plus; the country code stays where it is, once.
        "to": phone.removeprefix("+"),
        "type": "template",
        "template": {
            "name": message.template,
            "language": {"code": "en"},
            "components": [*([body] if parameters else []), *([button] if message.copied else [])],
        },
    }


def _taken(data: bytes) -> bool:
    """A message id is the receipt; 200 without one is not."""
    try:
        answer: Any = json.loads(data)
    except ValueError:
        return False
    messages = answer.get("messages") if isinstance(answer, Mapping) else None
    return bool(isinstance(messages, list) and messages and isinstance(messages[0], dict) and messages[0].get("id"))
