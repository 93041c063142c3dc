from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.evidence import Leaf
from checks.world.certificate import _parts, leaf_of
from tests.world.authorities import Issuer

KEY = ec.generate_private_key(ec.SECP256R1())
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the zone
    lambda moment: moment.replace(microsecond=0)
)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(st.one_of(LABELS.map("{}.example".format), st.ip_addresses()), max_size=40)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)


def _der(
    issuer: x509.Name,
    names: list[str | ipaddress.IPv4Address | ipaddress.IPv6Address],
    starts: datetime,
    ends: datetime,
    serial: int,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer)
        .public_key(KEY.public_key())
        .serial_number(serial)
        .not_valid_before(starts)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if names:
        told = [x509.DNSName(name) if isinstance(name, str) else x509.IPAddress(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(told), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@settings(max_examples=150, deadline=None)
@given(NAMES, TEXTS, MOMENTS, MOMENTS, st.integers(1, 2**159 - 1))
def test_what_one_library_wrote_is_read_back(
    names: list[str | ipaddress.IPv4Address | ipaddress.IPv6Address],
    issuer: str,
    starts: datetime,
    ends: datetime,
    serial: int,
) -> None:
    """Names, issuer, serial and both ways of writing dates, for any certificate."""
    starts, ends = sorted((starts, ends))
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, issuer, _validate=False)])

    seen = leaf_of(_der(name, names, starts, ends, serial))

    expected = Leaf(
        names=tuple(str(each) for each in names),
        issuer=f"O={issuer}",
        serial=format(serial, "x"),
        not_before=starts,
        not_after=ends,
    )
    assert expected == seen


def test_an_issuer_is_written_in_its_own_order() -> None:
    """Attributes without a short name keep their number."""
    issuer = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Amazon"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Amazon RSA 2048 M02"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, "7"),
        ]
    )
    der = _der(issuer, [], datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), 1)

    assert "C=US, O=Amazon, CN=Amazon RSA 2048 M02, 2.5.4.5=7" == leaf_of(der).issuer


def test_names_come_from_the_alternative_name_alone(issuer: Issuer) -> None:
    """A common name is no name: browsers do not read it."""
    certificate, _ = issuer.leaf(common_name="site.example")

    assert () == leaf_of(certificate.public_bytes(serialization.Encoding.DER)).names


@pytest.mark.parametrize(
    ("der", "words"),
    (
        (b"", "not a certificate"),
        (b"\x30", "not a certificate"),
        (b"\x30\x00", "not a certificate"),
        (b"\x04\x02\x00\x00", "expected tag 0x30, found 0x04"),
        (b"\x30\x85\x01\x01\x01\x01\x01", "a length of 5 octets"),
        (b"\x30\x80\x00\x00", "a length of 0 octets"),
        (b"\x30\x05\x00", "longer than what contains it"),
    ),
    ids=["nothing", "a tag", "empty", "not a sequence", "an absurd length", "an endless length", "cut off"],
)
def test_what_is_no_certificate_says_so(der: bytes, words: str) -> None:
    """One kind of error, whatever is wrong."""
    with pytest.raises(ValueError, match=words):
        leaf_of(der)


GOOD = _der(
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Issuer")]),
    ["site.example", ipaddress.ip_address("192.0.2.1")],
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=90),
    99,
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_damaged_certificate_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    """A hostile server chooses these bytes: no other exception may come of them."""
    damaged = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])

    for der in (bytes(damaged), cut):
        try:
            seen = leaf_of(der)
        except ValueError:
            continue
        assert seen.not_after.tzinfo is UTC


def test_a_certificate_of_the_first_version_is_read() -> None:
    """It has no version field and no extensions; old appliances still serve such."""
    (_, whole), *_ = _parts(GOOD)
    (tag, signed), *rest = _parts(whole)
    fields = [_part(kind, content) for kind, content in _parts(signed) if kind not in (0xA0, 0xA3)]

    seen = leaf_of(_part(0x30, b"".join([_part(tag, b"".join(fields)), *(_part(*each) for each in rest)])))

    assert ("CN=Issuer", "63", ()) == (seen.issuer, seen.serial, seen.names)


def _part(tag: int, content: bytes) -> bytes:
    return bytes((tag, 0x82)) + len(content).to_bytes(2, "big") + content
