"""Keys: real ones, from where they are kept, and changed without anybody noticing."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from khaya_api.aws import Connect
from khaya_api.errors import PartOut
from khaya_api.keyring import SHORTEST, KeyRing, key_ring, usable
from khaya_api.settings import read_settings
from tests.api.conftest import ENVIRON, Stage
from tests.api.events import job

ALPHABET = string.ascii_letters + string.digits
FIRST = "Zk3v9QmT7xWb2LrN8cYp5HdJ6sFgA4eU"
SECOND = "pQ7wE2rT9yU4iO1aS6dF3gH8jK5lZ0xC"


@dataclass(slots=True)
class Shelf:
    """Where keys are read from, and a clock."""

    keys: tuple[bytes, ...] = (b"first",)
    now: float = 1000.0
    read: int = 0
    fails: PartOut | None = None
    ring: KeyRing = field(init=False)

    def __post_init__(self) -> None:
        self.ring = KeyRing(self._read, clock=lambda: self.now)

    def _read(self) -> tuple[bytes, ...]:
        self.read += 1
        if self.fails:
            raise self.fails
        return self.keys


@pytest.mark.parametrize(
    ("later", "doubtful", "reads"),
    (
        pytest.param(300, False, 1, id="five minutes"),
        pytest.param(301, False, 2, id="more than five minutes"),
        pytest.param(30, True, 1, id="doubtful, half a minute"),
        pytest.param(31, True, 2, id="doubtful, more than half a minute"),
    ),
)
def test_keys_are_kept_for_a_while(later: float, doubtful: bool, reads: int) -> None:  # noqa: FBT001
    """Not read for every list, nor so often by forgeries that reading is what fails."""
    shelf = Shelf()
    shelf.ring.keys()
    shelf.now += later

    shelf.ring.keys(doubtful=doubtful)

    assert reads == shelf.read


@pytest.mark.parametrize("reason", ("busy", "no answer"))
def test_keys_outlive_a_bad_day_of_who_keeps_them(reason: str) -> None:
    """No word about the keys is no reason to stop; it is asked again only after another while."""
    shelf = Shelf()
    keys = shelf.ring.keys()
    shelf.now, shelf.fails = 1301, PartOut("signing", reason)

    assert keys == shelf.ring.keys() == shelf.ring.keys()
    assert 2 == shelf.read

    shelf.now, shelf.fails, shelf.keys = 1602, None, (b"newer",)
    assert (b"newer",) == shelf.ring.keys()


@pytest.mark.parametrize("reason", ("not configured", "missing", "refused"))
def test_keys_do_not_outlive_their_end(reason: str) -> None:
    """Replaced by a placeholder, deleted, or no longer ours to read: that is an answer, also the next time."""
    shelf = Shelf()
    shelf.ring.keys()
    shelf.now, shelf.fails = 1301, PartOut("signing", reason)

    for _ in range(2):
        with pytest.raises(PartOut, match=reason):
            shelf.ring.keys()


@pytest.mark.parametrize("reason", ("busy", "no answer"))
def test_without_a_first_key_there_is_none(reason: str) -> None:
    """Nothing to go on with."""
    shelf = Shelf(fails=PartOut("signing", reason))

    with pytest.raises(PartOut, match=reason):
        shelf.ring.keys()


def test_a_failure_is_not_kept() -> None:
    """The next one asks again."""
    shelf = Shelf(keys=())
    shelf.ring.keys()
    shelf.keys = (b"there",)

    assert (b"there",) == shelf.ring.keys()


@pytest.mark.parametrize(
    "text",
    (
        "",
        "too-few",
        FIRST[:-1],
        "a" * 64,
        "ababababab" * 7,
        "DEPLOYED_TO_AWS",
        "please-change-me-0123456789-abcdefgh",
        "this-is-a-placeholder-0123456789-xyz",
        "your-default-jwt-secret-0123456789ab",
        "REPLACE_THIS_0123456789_abcdefghijkl",
        "insecure-0123456789-abcdefghijklmnop",
    ),
)
def test_what_everybody_knows_is_no_key(text: str) -> None:
    """D07, E28: too short, too plain, or a text that says itself that it is none; and the error does not quote it."""
    with pytest.raises(PartOut, match="signing: not configured") as raised:
        usable(text)

    assert not text or text not in str(raised.value)


def test_the_shortest_key_that_will_do() -> None:
    """The other side of the line."""
    assert SHORTEST == len(FIRST)
    assert FIRST.encode() == usable(FIRST)


@given(st.integers())
def test_a_random_text_is_a_key(seed: int) -> None:
    """No generated secret is taken for a placeholder by chance."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(64))

    assert text.encode() == usable(text)


def test_the_secret_is_read_by_name(stage: Stage) -> None:
    """A list signed on one instance goes on at another that reads the same secret."""
    _keep(stage.kit.connect, FIRST)
    cursor = _cursor(stage)

    stage.with_environ(SIGNING_SECRET="khaya/signing")

    assert 200 == stage.client.get("/jobs", query={"cursor": cursor}).status


def test_a_rotation_breaks_nobody_s_list(stage: Stage) -> None:
    """What yesterday's key signed is still read; what it signed the day before is not."""
    _keep(stage.kit.connect, FIRST)
    first = _cursor(stage)
    _rotate(stage.kit.connect, SECOND)
    second = _cursor(stage)

    assert 200 == stage.client.get("/jobs", query={"cursor": first}).status
    assert first != second

    _rotate(stage.kit.connect, FIRST[::-1])
    stage.with_environ(SIGNING_KEY=None, SIGNING_SECRET="khaya/signing")
    assert 400 == stage.client.get("/jobs", query={"cursor": first}).status
    assert 200 == stage.client.get("/jobs", query={"cursor": second}).status


def test_a_key_that_replaced_a_placeholder_stands_alone(stage: Stage) -> None:
    """What a placeholder signed, anybody could have."""
    _keep(stage.kit.connect, "please-change-me-0123456789-abcdefgh")
    _rotate(stage.kit.connect, SECOND)
    stage.with_environ(SIGNING_KEY=None, SIGNING_SECRET="khaya/signing")

    assert (SECOND.encode(),) == stage.kit.keys.keys()


@pytest.mark.parametrize(
    ("code", "reason"),
    (
        ("AccessDeniedException", "refused"),
        ("InternalServiceErrorException", "no answer"),
        ("ThrottlingException", "busy"),
    ),
)
@pytest.mark.parametrize("stage_asked", ("AWSCURRENT", "AWSPREVIOUS"))
def test_a_secret_that_cannot_be_read_is_out(code: str, reason: str, stage_asked: str) -> None:
    """Whichever of the two it was: half a ring would refuse cursors that are good."""

    class Refusing:
        def get_secret_value(self, *, SecretId: str, VersionStage: str = "AWSCURRENT") -> dict[str, str]:  # noqa: N803
            if VersionStage == stage_asked:
                raise ClientError({"Error": {"Code": code, "Message": SecretId}}, "GetSecretValue")
            return {"SecretString": FIRST}

    settings = read_settings({**ENVIRON, "SIGNING_SECRET": "khaya/signing"})

    with pytest.raises(PartOut, match=f"signing: {reason}"):
        key_ring(settings, lambda _service: Refusing()).keys()


@pytest.mark.parametrize(
    ("secret", "reason"),
    (
        pytest.param(None, "missing", id="no such secret"),
        pytest.param("changeme", "not configured", id="placeholder"),
    ),
)
def test_a_secret_that_is_none_is_out(stage: Stage, secret: str | None, reason: str) -> None:
    """And named by deep health, where a deployment is checked."""
    if secret:
        _keep(stage.kit.connect, secret)
    stage.with_environ(SIGNING_SECRET="khaya/signing")

    answer = stage.client.get("/health/deep")

    assert (503, reason) == (answer.status, answer.json["own"]["signing"]["reason"])


@pytest.fixture(autouse=True)
def _no_secret(aws: Connect) -> None:
    client = aws("secretsmanager")
    for secret in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=secret["Name"], ForceDeleteWithoutRecovery=True)


def _keep(connect: Connect, text: str) -> None:
    connect("secretsmanager").create_secret(Name="khaya/signing", SecretString=text)


def _rotate(connect: Connect, text: str) -> None:
    connect("secretsmanager").put_secret_value(SecretId="khaya/signing", SecretString=text)


def _cursor(stage: Stage) -> str:
    """A cursor by a function that has just started."""
    for number in range(2):
        moment = f"2026-11-0{number + 1}T00:00:00.000Z"
        row = {**job(), "id": f"j{number}", "buyerId": "b", "status": "open"}
        stage.put("jobs", **row, createdAt=moment, updatedAt=moment)
    stage.with_environ(SIGNING_KEY=None, SIGNING_SECRET="khaya/signing")
    return str(stage.client.get("/jobs", query={"limit": "1"}).json["nextCursor"])
