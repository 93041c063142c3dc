"""Chains as no authority would issue them, signed by the twin's own issuer or by a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from checks.twin.faults.bench import Bench
from checks.twin.faults.words import Unfit
from checks.twin.leaves import path_of

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a chain is wanted: everything else is as it should be."""

    names: tuple[str, ...] = ()
    days: tuple[float, float] = (-90, 300)
    issuer_days: tuple[float, float] = (-100, 3000)
    issuer_is_authority: bool = True
    issuer_sent: bool = True
    foreign_root: bool = False
    bits: int = 0


def names_of(bench: Bench) -> list[str]:
    """The hosts that the certificate must name. Raises Unfit."""
    hosts = bench.check("tls.names").params["hosts"]
    if not isinstance(hosts, tuple):
        raise Unfit("the certificate names no host")
    return [str(each) for each in hosts]


def moment(days: float) -> datetime:
    """So many *days* from now."""
    return datetime.now(UTC) + timedelta(days=days)


def _signed(
    subject: str, key: Key, issuer: tuple[x509.Name, Key], days: tuple[float, float], *, ca: bool, names: list[str]
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(days[0]))
        .not_valid_after(moment(days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()), critical=False)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(alternative, critical=False).add_extension(usage, critical=False)
    return builder.sign(issuer[1], hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def chain(bench: Bench, wish: Wish, file: Path) -> Path:
    """A PEM file with a leaf as wished, its issuer, and the leaf's key.

    The issuer is signed by the twin's own, so that the chain leads to what the harness trusts, or by a stranger.
    """
    own = bench.twin.home / "authority"
    above: tuple[x509.Name, Key] = (
        x509.load_pem_x509_certificate((own / "issuer.pem").read_bytes()).subject,
        _private((own / "issuer.key").read_bytes()),
    )
    if wish.foreign_root:
        above = (_name("A root that nobody knows"), _ec())
    key = rsa.generate_private_key(65537, wish.bits) if wish.bits else _ec()
    names = list(wish.names) or names_of(bench)
    leaf = _signed(names[0], key, above, wish.days, ca=False, names=names)
    sent = [leaf]
    if not wish.issuer_is_authority or wish.issuer_days != Wish().issuer_days:
        middle = _ec()
        between = _signed(
            "An issuer in between", middle, above, wish.issuer_days, ca=wish.issuer_is_authority, names=[]
        )
        leaf = _signed(names[0], key, (between.subject, middle), wish.days, ca=False, names=names)
        sent = [leaf, between]
    pems = [each.public_bytes(serialization.Encoding.PEM).decode() for each in sent]
    if wish.issuer_sent and not wish.foreign_root:
        pems.append((own / "issuer.pem").read_text())
    return _written(file, "".join(pems) + _pem_of(key))


def _private(pem: bytes) -> Key:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise Unfit("the twin's issuer has another kind of key")
    return key


def _ec() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem_of(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def leaf_file(bench: Bench) -> Path:
    """The leaf that ACM holds, with its chain and key, as the edge serves it. Raises Unfit."""
    return path_of(bench.twin.home / "leaves", bench.param("tls.served", "arn"))


def with_company(bench: Bench, file: Path) -> Path:
    """The very leaf that ACM holds, and behind its chain an expired certificate that nobody needs."""
    old, called = _ec(), "An old cross-signature"
    extra = _signed(called, old, (_name(called), old), (-900, -30), ca=True, names=[])
    sent, key = _sent_and_key(bench)
    return _written(file, sent + extra.public_bytes(serialization.Encoding.PEM).decode() + key)


def the_wrong_way_round(bench: Bench, file: Path) -> Path:
    """The leaf that ACM holds, then the root, then the issuer that both stand for."""
    sent, key = _sent_and_key(bench)
    own, end = bench.twin.home / "authority", "-----END CERTIFICATE-----\n"
    leaf = sent.partition(end)[0] + end
    return _written(file, leaf + (own / "root.pem").read_text() + (own / "issuer.pem").read_text() + key)


def _sent_and_key(bench: Bench) -> tuple[str, str]:
    """The chain of the leaf that ACM holds, and its key. Raises Unfit."""
    sent, marker, key = leaf_file(bench).read_text().partition("-----BEGIN PRIVATE KEY-----")
    if not marker:
        raise Unfit("the leaf has another kind of key")
    return sent, marker + key


def _written(file: Path, text: str) -> Path:
    """A file with a key in it is nobody else's to read."""
    file.touch(mode=0o600)
    file.write_text(text)
    return file
