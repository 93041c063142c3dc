"""Values to JSON and back, and what never gets into a document."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import codec
from checks.evidence import (
    EVIDENCE,
    Accepted,
    DnsAnswer,
    DnsAnswers,
    Leaf,
    RecordSeen,
    Refused,
    Response,
    Silence,
    Stated,
)
from checks.model import Place

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LEAF = Leaf(
    names=("example.org",),
    issuer="CN=Test",
    serial="ab12",
    not_before=NOON,
    not_after=NOON + timedelta(days=9),
)


@dataclass(frozen=True)
class Later:
    """A record of a form that this code has moved on from."""

    VERSION = 2
    text: str


def _bind(*, table: str, spare: timedelta, names: tuple[str, ...] = (), place: Place | None = None) -> None:
    """The shape of a promise's parameters."""


@pytest.mark.parametrize("record", EVIDENCE, ids=lambda each: each.__name__)
def test_every_kind_of_evidence_survives_the_way_to_a_document_and_back(record: type) -> None:
    """What is read back equals what was stored, for every type of evidence there is."""
    # Before the strategies that are made of these: they are made once and for all.
    st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
    st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))

    @settings(max_examples=25, deadline=None)
    @given(st.from_type(record))
    def survives(evidence: Any) -> None:  # noqa: ANN401 - every evidence type in turn
        stored = json.loads(json.dumps(codec.encode(evidence)))

        assert evidence == codec.decode_evidence(stored)

    survives()


def test_evidence_carries_its_type_and_version() -> None:
    """A reader can tell what it holds without knowing the check."""
    stored = codec.encode(Silence(where="example.org:443", reason="refused"))

    assert {"type": "Silence", "v": 1, "where": "example.org:443", "reason": "refused"} == stored


def test_a_field_called_type_does_not_hide_the_tag() -> None:
    """A DNS answer has a type of its own; both are kept."""
    answer = DnsAnswer(name="example.org", type="AAAA", server="192.0.2.1", rcode="NOERROR")
    stored = codec.encode(answer)

    assert ("DnsAnswer", "AAAA") == (stored["type"], stored["type_"])
    assert answer == codec.decode_evidence(stored)


def test_nothing_seen_stays_nothing() -> None:
    """A result that is unknown has no evidence, and none is made up."""
    assert codec.decode_evidence(None) is None


def test_a_local_time_is_stored_in_utc() -> None:
    """One moment has one text."""
    here = datetime(2026, 1, 31, 14, 0, tzinfo=timezone(timedelta(hours=2)))

    assert "2026-01-31T12:00:00Z" == codec.encode(here)


def test_infinity_and_nan_are_texts() -> None:
    """JSON has no word for them, and a document must stay JSON."""
    assert ["inf", "nan", 1.5] == codec.encode((float("inf"), float("nan"), 1.5))


def test_what_cannot_be_stored_is_refused_by_name() -> None:
    """An object of another kind is an error of the promise that carries it."""
    with pytest.raises(TypeError, match="cannot store a object"):
        codec.encode(object())


def test_parameters_are_read_back_by_their_annotations() -> None:
    """Seconds become a duration, lists become tuples, records become records."""
    params = {"table": "T", "spare": timedelta(days=7), "names": ("a", "b"), "place": Place(subject="s")}
    stored = json.loads(json.dumps(codec.encode(params)))

    assert params == codec.decode_params(_bind, stored)


@pytest.mark.parametrize(
    ("stored", "told"),
    (
        ({"tabel": "T"}, "unknown ['tabel']"),
        ({"table": 7}, "params.table: expected str, found 7"),
        ({"spare": "week"}, "params.spare: expected seconds"),
        ({"spare": True}, "params.spare: expected seconds"),
        ({"names": "ab"}, "params.names: expected a list"),
        ({"names": ["a", 1]}, "params.names[1]: expected str, found 1"),
        ({"place": {"type": "Palace", "v": 1}}, "one of ['Place']"),
        ({"place": {"type": "Place", "v": 1, "subjct": "s"}}, "expected only"),
        ({"place": {"type": "Place", "v": 1}}, "not a complete Place"),
    ),
)
def test_a_stored_parameter_that_does_not_fit_is_named(stored: dict[str, Any], told: str) -> None:
    """The message says which part, what was expected and what was found."""
    with pytest.raises(codec.NotReadable) as caught:
        codec.decode_params(_bind, stored)

    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("stored", "told"),
    (
        ({"type": "Silence", "v": 2, "where": "", "reason": ""}, "evidence.v: expected 1"),
        ({"type": "Rumour", "v": 1}, "evidence.type: expected one of"),
        ("Silence", "is none of"),
        (
            {"type": "RecoveryPoint", "v": 1, "arn": "", "status": "", "created": "noon", "completed": None},
            "is not a time",
        ),
        (
            {
                "type": "RecoveryPoint",
                "v": 1,
                "arn": "",
                "status": "",
                "created": "2026-01-31T12:00",
                "completed": None,
            },
            "its offset",
        ),
        ({"type": "Stated", "v": 1, "facts": [["a", "b", "c"]]}, "expected 2 items"),
    ),
)
def test_evidence_of_another_version_or_shape_is_refused(stored: Any, told: str) -> None:  # noqa: ANN401 - bad input
    """Replaying something misread would be worse than not replaying it."""
    with pytest.raises(codec.NotReadable) as caught:
        codec.decode_evidence(stored)

    assert told in str(caught.value)


def test_a_record_says_which_version_it_is() -> None:
    """Raising VERSION makes old documents unreadable instead of wrong."""
    stored = codec.encode(Later(text="x"))

    assert 2 == stored["v"]
    assert Later(text="x") == codec.decode(Later, stored)
    with pytest.raises(codec.NotReadable, match="expected 2"):
        codec.decode(Later, {**stored, "v": 1})


@pytest.mark.parametrize(
    ("text", "kept"),
    (
        ("key AKIAIOSFODNN7EXAMPLE.", "key [access key]."),
        ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer [credential]"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "[token]"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- tail", "[private key] tail"),
        ("-----BEGIN RSA PRIVATE KEY-----\ncut short", "[private key]"),
        ("?X-Amz-Signature=deadbeef&x=1", "?X-Amz-Signature=[redacted]&x=1"),
        ("write to someone@example.org now", "write to [e-mail] now"),
        ("call +27821234567", "call [phone]"),
        ("serial 27821234567 and 1+27", "serial 27821234567 and 1+27"),
        (
            "arn:aws:dynamodb:af-south-1:000000000000:table/Users",
            "arn:aws:dynamodb:af-south-1:000000000000:table/Users",
        ),
    ),
)
def test_what_looks_like_a_secret_is_replaced_and_the_rest_is_not(text: str, kept: str) -> None:
    """Evidence names resources, so only credentials and personal data may go."""
    assert kept == codec.redact(text)


@given(st.one_of(*(st.tuples(st.just(mark), st.from_regex(secret)) for mark, secret, _ in codec._SECRETS)))
def test_no_secret_is_without_the_characters_that_are_looked_for_first(found: tuple[str, str]) -> None:
    """Where they are missing a pattern is not tried at all."""
    mark, text = found

    assert mark in text


def test_evidence_is_redacted_wherever_the_text_sits() -> None:
    """Header values, bodies and nested records are scrubbed, and the evidence keeps its type."""
    response = Response(
        url="https://example.org/",
        method="GET",
        address="192.0.2.1",
        status=200,
        headers=(("set-cookie", "session=1"), ("content-type", "text/html")),
        body="mail someone@example.org",
    )

    scrubbed = codec.scrub(response)

    assert (("set-cookie", "[redacted]"), ("content-type", "text/html")) == scrubbed.headers
    assert "mail [e-mail]" == scrubbed.body
    assert Response is type(scrubbed)


def test_scrubbing_reaches_into_unions() -> None:
    """A record within a record is scrubbed too; numbers and times are left alone."""
    refused = Refused(host="h", address="a", reason="to a@b.co", leaf=LEAF)
    answers = DnsAnswers(answers=(Silence(where="ns@b.co", reason="mute"),))

    assert ("to [e-mail]", LEAF) == (codec.scrub(refused).reason, codec.scrub(refused).leaf)
    assert "[e-mail]" == codec.scrub(answers).answers[0].where


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    """The same facts have the same digest on every machine."""
    assert codec.digest({"a": 1, "b": (1, 2)}) == codec.digest({"b": [1, 2], "a": 1})
    assert codec.digest({"a": 1}) != codec.digest({"a": 2})


def test_stated_facts_are_read_by_name() -> None:
    """A fact that was not stated is an error, not an empty text."""
    stated = Stated(facts=(("least", "9"),))

    assert "9" == stated["least"]
    with pytest.raises(KeyError):
        stated["most"]


def test_a_record_seen_and_an_accepted_handshake_are_told_apart() -> None:
    """Two records with some equal fields stay what they are."""
    record = RecordSeen(name="n", type="A", ttl=None, values=(), alias="", policy="")
    accepted = Accepted(host="h", address="a", version="TLSv1.3", cipher="c", leaf=LEAF)

    assert [record, accepted] == [codec.decode_evidence(codec.encode(each)) for each in (record, accepted)]
