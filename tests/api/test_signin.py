"""Sign-in by code: six digits, ten minutes, once, three tries, three sends; and nobody learns who exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from hashlib import md5, sha1, sha256
from typing import Any

import pytest

from khaya_api import codes
from khaya_api.errors import PartOut, Refusal
from khaya_api.messengers import Person, of_code, whatsapp
from khaya_api.phones import e164
from khaya_api.settings import Carriers, read_carriers
from khaya_api.triggers import SignInFailed, build
from khaya_api.users import remember
from tests.api.conftest import NOW, Stage, one_at_a_time
from tests.api.events import Event
from tests.api.grants import called, granted
from tests.api.providers import PHONE, TOKEN, Provider, Services, listening_provider
from tests.api.walks import watch

USER = "0b9c2f9e-3f0e-4a51-9a77-0d3f4f3f8c11"
ATTRIBUTES = {"sub": USER, "phone_number": PHONE, "email": "t@example.org", "email_verified": "true", "name": "Thandi"}


@dataclass(frozen=True, slots=True)
class Door:
    """Sign-in on a stage, with a provider that listens."""

    stage: Stage
    provider: Provider
    services: Services
    carriers: Carriers

    def call(self, source: str, user: str = USER, **request: object) -> Event:
        """One step, as the user pool calls it."""
        event: Event = {
            "version": "1",
            "triggerSource": source,
            "region": "af-south-1",
            "userPoolId": "af-south-1_pool",
            "userName": user,
            "request": {"userAttributes": ATTRIBUTES, **request},
            "response": {},
        }
        return build(self.stage.kit, self.carriers)(event, None)

    def ask(self, **request: Any) -> Event:  # noqa: ANN401 - as the pool's
        """Ask for a code."""
        return self.call("CreateAuthChallenge_Authentication", session=[], **request)

    def answer(self, code: str, **request: Any) -> bool:  # noqa: ANN401 - as the pool's
        """Answer with a code."""
        event = self.call("VerifyAuthChallengeResponse_Authentication", challengeAnswer=code, **request)
        return bool(event["response"]["answerCorrect"])


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider on a free port."""
    with listening_provider() as listening:
        yield listening


@pytest.fixture
def door(stage: Stage, provider: Provider) -> Door:
    """Sign-in with all ways to carry a code."""
    services, connect = Services(), stage.kit.connect
    stage.connected_by(lambda service: connect(service) if service == "dynamodb" else services)
    environ = {
        "WHATSAPP_URL": provider.url,
        "WHATSAPP_TEMPLATE": "khaya_code",
        "WHATSAPP_SECRET": "khaya/whatsapp",
        "SMS": "on",
        "EMAIL_SENDER": "no-reply@khaya.example",
        "SYNTHETIC_PREFIX": "/khaya/synthetic/",
    }
    return Door(stage, provider, services, read_carriers(environ))


def test_a_code_signs_in_once(door: Door) -> None:
    """D03, D04: the code that was sent is right, another is not, and the right one is so once."""
    door.ask()
    (code,) = door.provider.codes

    assert re.fullmatch(r"\d{6}", code)
    assert not door.answer("000000" if code != "000000" else "000001")
    assert door.answer(code)
    assert not door.answer(code)


def test_what_the_provider_is_told(door: Door) -> None:
    """E24: the number once with its country code, the token as a bearer, the approved template."""
    door.ask()
    ((headers, sent),) = door.provider.requests

    assert f"Bearer {TOKEN}" == headers["authorization"]
    assert ("whatsapp", "27821234567", "template", "khaya_code") == (
        sent["messaging_product"],
        sent["to"],
        sent["type"],
        sent["template"]["name"],
    )


@pytest.mark.parametrize(
    ("later", "right"),
    (
        pytest.param(timedelta(minutes=10) - timedelta(seconds=1), True, id="a second before"),
        pytest.param(timedelta(minutes=10), False, id="ten minutes"),
    ),
)
def test_a_code_is_good_for_ten_minutes(door: Door, later: timedelta, right: bool) -> None:  # noqa: FBT001
    """Whether or not the table has removed it yet."""
    door.ask()
    door.stage.at(NOW + later)

    assert right == door.answer(door.provider.codes[0])


def test_a_digest_is_worth_nothing_without_its_key(stage: Stage) -> None:
    """D13: whoever reads the table tries a million codes through in a second, and is none the wiser."""
    for key in (b"k" * 32, b"l" * 32):
        codes.issue(stage.kit.store, USER, "123456", key=key, now=NOW)
    kept = [str(row["digest"]) for row in stage.rows("referrals") if row["id"].startswith("code-of#")]

    plain = {
        digest(text.encode()).hexdigest() for digest in (sha256, sha1, md5) for text in ("123456", USER + "123456")
    }
    assert 2 == len(set(kept))
    assert plain.isdisjoint(kept)


@pytest.mark.parametrize(("wrong", "right"), ((2, True), (3, False)))
def test_three_tries_and_no_more(door: Door, wrong: int, right: bool) -> None:  # noqa: FBT001
    """D02: counted with the code, so that a second session gives no further tries."""
    door.ask()
    for _ in range(wrong):
        assert not door.answer("not it")

    assert right == door.answer(door.provider.codes[0])


def test_guesses_at_once_are_still_three(door: Door) -> None:
    """D02: the try is counted before the code is looked at."""
    door.stage.connected_by(one_at_a_time(door.stage.kit.connect))
    key, code = b"k" * 32, "123456"
    codes.issue(door.stage.kit.store, USER, code, key=key, now=NOW)
    guesses = [*(f"{number:06}" for number in range(31)), code]

    def guess(one: str) -> bool:
        return codes.redeem(door.stage.kit.store, USER, one, key=key, now=NOW)

    with ThreadPoolExecutor(32) as pool:
        right = list(pool.map(guess, guesses))

    assert sum(right) <= 1
    tries = [row["tries"] for row in door.stage.rows("referrals") if row["id"].startswith("code-of#")]
    assert [3] == tries


def test_three_sends_in_ten_minutes(door: Door) -> None:
    """Then no more until the first of them is ten minutes ago; the last code sent is the one that counts."""
    for _ in range(3):
        door.ask()
    with pytest.raises(SignInFailed, match="Too many"):
        door.ask()
    assert 3 == len(door.provider.codes)
    assert door.answer(door.provider.codes[2])

    door.stage.at(NOW + timedelta(minutes=10) - timedelta(seconds=1))
    with pytest.raises(SignInFailed):
        door.ask()
    door.stage.at(NOW + timedelta(minutes=10))
    door.ask()
    assert 4 == len(door.provider.codes)


def test_a_new_code_takes_the_old_one_s_place(door: Door) -> None:
    """Two codes at once would be two chances."""
    door.ask()
    door.ask()
    first, second = door.provider.codes

    assert first == second or not door.answer(first)
    assert door.answer(second)


def test_a_code_survives_another_instance_and_a_rotation(door: Door) -> None:
    """E11: it is in the table, not in memory."""
    door.ask()
    fresh = Door(door.stage, door.provider, door.services, door.carriers)

    assert fresh.answer(door.provider.codes[0])


def test_a_code_is_its_user_s(door: Door) -> None:
    """Somebody else's code opens nothing."""
    door.ask()

    event = door.call(
        "VerifyAuthChallengeResponse_Authentication", user="another", challengeAnswer=door.provider.codes[0]
    )

    assert not event["response"]["answerCorrect"]


def test_a_code_is_in_no_answer_log_or_row(door: Door) -> None:
    """D01, E10: the event that goes back, the log and the table have nothing of it, nor of the number."""
    told = json.dumps(door.ask()["response"])
    door.answer("no")
    (code,) = door.provider.codes

    assert code not in told
    assert code not in door.stage.log.getvalue()
    assert code not in str([row for row in door.stage.rows("referrals") if "digest" in row])
    assert PHONE not in door.stage.log.getvalue() + str(door.stage.rows("referrals"))


def test_who_does_not_exist_is_asked_like_anybody(door: Door) -> None:
    """A13: the same answer and the same limit; only nobody is sent anything, and nothing is right."""
    known, unknown = door.ask(), door.ask(userNotFound=True)

    assert known["response"] == unknown["response"]
    assert 1 == len(door.provider.codes)
    door.ask(userNotFound=True)
    with pytest.raises(SignInFailed, match="Too many"):
        door.ask(userNotFound=True)
    assert not door.answer(door.provider.codes[0], userNotFound=True)


def test_a_second_challenge_of_a_session_sends_nothing(door: Door) -> None:
    """After a wrong answer the same code is still asked for."""
    door.call("CreateAuthChallenge_Authentication", session=[_entry(right=False)])

    assert [] == door.provider.codes


def _entry(*, right: bool, name: str = "CUSTOM_CHALLENGE") -> dict[str, object]:
    return {"challengeName": name, "challengeResult": right}


@pytest.mark.parametrize(
    ("session", "unknown", "outcome"),
    (
        pytest.param([], False, "ask", id="first"),
        pytest.param([_entry(right=False)], False, "ask", id="one wrong"),
        pytest.param([_entry(right=False)] * 2, False, "ask", id="two wrong"),
        pytest.param([_entry(right=False)] * 3, False, "fail", id="three wrong"),
        pytest.param([_entry(right=False), _entry(right=True)], False, "tokens", id="then right"),
        pytest.param([_entry(right=True), _entry(right=False)], False, "ask", id="only the last counts"),
        pytest.param([_entry(right=True, name="SRP_A")], False, "fail", id="another challenge"),
        pytest.param([_entry(right=True)], True, "ask", id="nobody is never right"),
    ),
)
def test_when_there_are_tokens(door: Door, session: list[object], unknown: bool, outcome: str) -> None:  # noqa: FBT001
    """Only after our own challenge was answered rightly, at last."""
    event = door.call("DefineAuthChallenge_Authentication", session=session, userNotFound=unknown)

    response = event["response"]
    seen = "tokens" if response["issueTokens"] else "fail" if response["failAuthentication"] else "ask"
    assert outcome == seen
    assert (outcome == "ask") == (response.get("challengeName") == "CUSTOM_CHALLENGE")


def test_ways_are_tried_in_their_order(door: Door) -> None:
    """WhatsApp, else SMS, else e-mail; who cannot be reached is told, with nothing of AWS's words."""
    door.provider.status = 500
    door.ask()
    assert "publish" == door.services.asked[-1][0]
    assert PHONE == door.services.asked[-1][1]["PhoneNumber"]

    door.services.failing.add("publish")
    door.ask()
    assert ["t@example.org"] == door.services.asked[-1][1]["Destination"]["ToAddresses"]

    door.services.failing.add("send_email")
    with pytest.raises(SignInFailed, match="could not be sent") as failed:
        door.ask()
    assert PHONE not in str(failed.value) + door.stage.log.getvalue()
    assert {"CodesFailed": 1} in door.stage.counted


@pytest.mark.parametrize(
    ("status", "answer"),
    ((200, b"{}"), (200, b"[]"), (200, b"no json"), (200, b'{"messages": []}'), (401, b"{}"), (302, b""), (500, b"")),
)
def test_only_a_receipt_is_a_success(provider: Provider, status: int, answer: bytes) -> None:
    """E08: 200 without a message's id is no delivery."""
    provider.status, provider.answer = status, answer

    with pytest.raises(PartOut, match="whatsapp: refused"):
        whatsapp(provider.url, lambda: TOKEN).send(Person(phone=PHONE), of_code("123456", "t"))


def test_a_silent_provider_is_no_answer() -> None:
    """Nobody listens there."""
    with listening_provider() as gone:
        url = gone.url

    with pytest.raises(PartOut, match="whatsapp: no answer"):
        whatsapp(url, lambda: TOKEN).send(Person(phone=PHONE), of_code("123456", "t"))


def test_a_placeholder_is_no_token(door: Door) -> None:
    """E28: the provider is not even asked with it; the next way carries the code."""
    door.services.token = "DEPLOYED_TO_AWS"

    door.ask()

    assert [] == door.provider.requests
    assert "publish" == door.services.asked[-1][0]


def test_a_synthetic_user_s_code_goes_to_its_parameter_alone(door: Door) -> None:
    """No phone rings for a probe, and only who may read the parameter can be one."""
    door.services.groups = ["buyer", "synthetic"]

    door.ask()

    call, named = door.services.asked[-1]
    assert ("put_parameter", f"/khaya/synthetic/{USER}", "SecureString") == (call, named["Name"], named["Type"])
    assert [] == door.provider.requests
    assert door.answer(named["Value"])


def test_an_address_nobody_has_proven_gets_no_code(door: Door) -> None:
    """Whoever put a stranger's address into their profile would sign the stranger in, or be them."""
    door.provider.status = 500
    door.services.failing.add("publish")

    with pytest.raises(SignInFailed):
        door.ask(userAttributes={**ATTRIBUTES, "email_verified": "false"})

    assert "send_email" not in [name for name, _ in door.services.asked]


@pytest.mark.parametrize(
    ("asked", "role"),
    (("buyer", "buyer"), ("worker", "worker"), ("seller", "seller"), ("admin", "buyer"), ("", "buyer"), ("x", "buyer")),
)
def test_a_new_user_is_put_into_a_group_by_us(door: Door, asked: str, role: str) -> None:
    """A11, E46: the role they chose, never admin; what they wrote into their own attributes counts for nothing."""
    door.call(
        "PostConfirmation_ConfirmSignUp",
        userAttributes={**ATTRIBUTES, "custom:role": "admin"},
        clientMetadata={"role": asked},
    )

    assert ("admin_add_user_to_group", role) == (door.services.asked[-1][0], door.services.asked[-1][1]["GroupName"])
    assert role == next(row for row in door.stage.rows("users") if row["id"] == USER)["role"]


def test_a_reset_password_is_no_new_user(door: Door) -> None:
    """The same trigger is called then, and must not put anybody anywhere."""
    door.call("PostConfirmation_ConfirmForgotPassword", clientMetadata={"role": "seller"})

    assert [] == door.services.asked


def test_signing_in_again_resets_nothing(door: Door) -> None:
    """C10: role and createdAt stay; lastSignedIn moves."""
    door.call("PostConfirmation_ConfirmSignUp", clientMetadata={"role": "worker"})
    before = next(row for row in door.stage.rows("users") if row["id"] == USER)
    door.stage.at(NOW + timedelta(days=1))

    door.call("PostAuthentication_Authentication")

    after = next(row for row in door.stage.rows("users") if row["id"] == USER)
    assert (before["role"], before["createdAt"]) == (after["role"], after["createdAt"])
    assert after["lastSignedIn"] > before["lastSignedIn"]


def test_each_user_is_known_by_their_own(stage: Stage) -> None:
    """C11, C05: each phone and address, in any case, is that user's; who has no e-mail has no such attribute."""
    remember(stage.kit.store, "u1", {"phone": PHONE, "email": None}, NOW)
    remember(stage.kit.store, "u2", {"phone": "+27820000002", "email": "B@Example.org"}, NOW)

    rows = {row["id"]: row for row in stage.rows("users")}
    assert "email" not in rows["u1"]
    owners = {place: row["userId"] for place, row in rows.items() if "#" in place}
    assert {f"phone#{PHONE}": "u1", "phone#+27820000002": "u2", "email#b@example.org": "u2"} == owners
    for known in ({"phone": PHONE}, {"phone": "+27820000002"}, {"email": "b@example.ORG"}):
        with pytest.raises(Refusal, match="belongs to another user"):
            remember(stage.kit.store, "u3", known, NOW)


def test_a_phone_and_an_address_are_one_user_s(stage: Stage) -> None:
    """C30: the second is refused, until the first has let go; two without either stay two."""
    remember(stage.kit.store, "u1", {"phone": PHONE, "email": "a@example.org"}, NOW)
    for known in ({"phone": PHONE}, {"phone": "+27820000002", "email": "A@example.org"}):
        with pytest.raises(Refusal, match="another user"):
            remember(stage.kit.store, "u2", known, NOW)
    remember(stage.kit.store, "u1", {"phone": "+27820000003", "email": "a@example.org"}, NOW)
    remember(stage.kit.store, "u2", {"phone": PHONE}, NOW)
    remember(stage.kit.store, "u3", {}, NOW)
    remember(stage.kit.store, "u4", {}, NOW)

    assert {"u1", "u2", "u3", "u4"} == {row["id"] for row in stage.rows("users") if "#" not in row["id"]}


def test_one_of_many_at_once_has_the_phone(stage: Stage) -> None:
    """Uniqueness is a condition of the write, not a look before it."""
    stage.connected_by(one_at_a_time(stage.kit.connect))

    def claim(number: int) -> bool:
        try:
            remember(stage.kit.store, f"u{number}", {"phone": PHONE}, NOW)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        assert 1 == sum(pool.map(claim, range(32)))


@pytest.mark.parametrize(
    ("text", "kept"),
    (
        ("+27821234567", PHONE),
        ("0821234567", PHONE),
        ("27821234567", PHONE),
        ("082 123 4567", PHONE),
        ("(082) 123-4567", PHONE),
        ("+27 82 123 4567", PHONE),
        ("0611234567", "+27611234567"),
        ("+2727821234567", None),
        ("+270821234567", None),
        ("0521234567", None),
        ("0921234567", None),
        ("082123456", None),
        ("08212345678", None),
        ("+44821234567", None),
        ("", None),
        ("٠٨٢١٢٣٤٥٦٧", None),
        ("0821234567x", None),
    ),
)
def test_a_number_has_one_spelling(text: str, kept: str | None) -> None:
    """E24: as people write it in, as +27 and nine digits out, and the same again."""
    assert kept == e164(text)
    assert kept is None or kept == e164(kept)


@pytest.mark.parametrize(("phone", "fits"), ((PHONE, True), ("+270821234567", False), ("+4415551234", False)))
def test_an_odd_number_does_not_sign_up(door: Door, phone: str, fits: bool) -> None:  # noqa: FBT001
    """Two spellings of a number would be two users."""
    if fits:
        door.call("PreSignUp_SignUp", userAttributes={"phone_number": phone})
    else:
        with pytest.raises(SignInFailed, match=r"\+27"):
            door.call("PreSignUp_SignUp", userAttributes={"phone_number": phone})


def test_what_breaks_says_nothing(door: Door) -> None:
    """C16: whoever signs in sees neither AWS's words nor the number; the log has the way there."""
    door.services.failing.add("admin_list_groups_for_user")

    with pytest.raises(SignInFailed) as failed:
        door.ask()

    assert "AccessDenied" not in str(failed.value)
    assert "AccessDenied" in door.stage.log.getvalue()
    assert PHONE not in door.stage.log.getvalue()


def test_the_sign_in_function_calls_what_its_table_grants(door: Door) -> None:
    """A39: every trigger walked, by every way to carry a code."""
    services, seen = door.services, watch(door.stage)
    door.call("PostConfirmation_ConfirmSignUp", clientMetadata={})
    door.call("PostAuthentication_Authentication")
    door.ask()
    door.answer(door.provider.codes[0])
    door.provider.status = 500
    door.ask()
    services.failing.add("publish")
    door.ask()
    services.groups = ["synthetic"]
    door.stage.at(NOW + timedelta(minutes=10))
    door.ask()

    assert granted("sign-in function") == called(seen)
