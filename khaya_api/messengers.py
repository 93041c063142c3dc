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

# A trigger has five seconds in all, of which the next messenger needs some.
_PATIENCE = urllib3.Timeout(connect=1, total=2.5)
_SUBJECT = "Your Khaya code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Where somebody can be reached; at least one of the two."""

    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Messenger:
    """One way to carry a code. `send` raises `PartOut` unless the other side has taken it."""

    name: str
    reaches: Callable[[Person], bool]
    send: Callable[[Person, str], None]


def deliver(messengers: Sequence[Messenger], person: Person, code: str) -> tuple[str | None, list[PartOut]]:
    """The name of the first that took the code, or None, and what went wrong with those before it."""
    failures: list[PartOut] = []
    for messenger in messengers:
        if not messenger.reaches(person):
            continue
        try:
            messenger.send(person, code)
        except PartOut as out:
            failures.append(out)
        else:
            return messenger.name, failures
    return None, failures


def whatsapp(url: str, template: str, token: Callable[[], str]) -> Messenger:
    """WhatsApp's HTTP interface: `url` is the messages address of a sender, `template` an approved one for codes."""
    pool = urllib3.PoolManager(timeout=_PATIENCE, retries=False)

    def send(person: Person, code: str) -> None:
        headers = {"Authorization": f"Bearer {token()}", "Content-Type": "application/json"}
        body = json.dumps(_template(str(person.phone), template, code))
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

    def send(person: Person, code: str) -> None:
        kind = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
        with asking("sms"):
            connect("sns").publish(PhoneNumber=person.phone, Message=_text(code), MessageAttributes=kind)

    return Messenger(name="sms", reaches=lambda person: bool(person.phone), send=send)


def email(connect: Connect, sender: str) -> Messenger:
    """Amazon SES."""

    def send(person: Person, code: str) -> None:
        body = {"Text": {"Data": _text(code)}}
        content = {"Simple": {"Subject": {"Data": _SUBJECT}, "Body": body}}
        with asking("email"):
            connect("sesv2").send_email(
                FromEmailAddress=sender, Destination={"ToAddresses": [person.email]}, Content=content
            )

    return Messenger(name="email", reaches=lambda person: bool(person.email), send=send)


def parameter(connect: Connect, prefix: str, user: str) -> Messenger:
    """A private parameter, for synthetic users: only the role that may read it signs in as one of them."""

    def send(_person: Person, code: str) -> None:
        with asking("synthetic"):
            connect("ssm").put_parameter(Name=f"{prefix}/{user}", Value=code, Type="SecureString", Overwrite=True)

    return Messenger(name="parameter", reaches=lambda _person: True, send=send)


def provider_token(connect: Connect, secret: str) -> Callable[[], str]:
    """The provider's token, read by the secret's name each time it is needed: rotation needs no deploy."""

    def read() -> str:
        with asking("whatsapp"):
            return usable(connect("secretsmanager").get_secret_value(SecretId=secret).get("SecretString", "")).decode()

    return read


def _template(phone: str, template: str, code: str) -> dict[str, Any]:
    parameters = [{"type": "text", "text": code}]
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": parameters}
    return {
        "messaging_product": "whatsapp",
        # The interface takes the number without its plus; the country code stays where it is, once.
        "to": phone.removeprefix("+"),
        "type": "template",
        "template": {
            "name": template,
            "language": {"code": "en"},
            "components": [{"type": "body", "parameters": parameters}, button],
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


def _text(code: str) -> str:
    return f"{code} is your Khaya code. It works for ten minutes. Nobody of ours will ever ask for it."
