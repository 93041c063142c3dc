"""The local certificate authority: a root that clients are told to trust, an issuer that signs every leaf.

Two levels, because public chains have two: a served chain without its issuer must be able to fail. Everything is
ECDSA P-256 except leaves that ACM was asked for with an RSA key.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_ORGANISATION = "Twin of a deployment (local only)"
# ACM's own certificates are valid for 198 days since 2026 and were for 395 before; the older figure is what most
# deployed certificates still carry (ACM user guide, "Certificate characteristics").
LEAF_LIFETIME = timedelta(days=395)
# A clock a few minutes off must not make a fresh certificate "not yet valid".
_SLACK = timedelta(minutes=10)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Authority:
    """The folder that holds the authority: `root.pem`, `issuer.pem` and their keys."""

    folder: Path

    @property
    def root(self) -> Path:
        """The only certificate that anybody is asked to trust."""
        return self.folder / "root.pem"

    @property
    def issuer(self) -> Path:
        """The certificate that signs leaves and is served with them."""
        return self.folder / "issuer.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A certificate as ACM imports it: three PEM texts."""

    certificate: str
    chain: str
    key: str


def found(folder: Path) -> Authority:
    """The authority of this folder, made on first use."""
    authority = Authority(folder)
    if not (authority.root.exists() and authority.issuer.exists() and (folder / "issuer.key").exists()):
        _establish(authority)
    return authority


def spki(authority: Authority) -> str:
    """Base64 SHA-256 of the issuer's public key: what Chromium is told to accept, since every chain contains it."""
    certificate = x509.load_pem_x509_certificate(authority.issuer.read_bytes())
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def mint(
    authority: Authority,
    names: Sequence[str],
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    algorithm: str = "EC_prime256v1",
) -> Leaf:
    """A leaf for these names (addresses too), signed by the issuer; the first name is the common name.

    *algorithm* is ACM's word for a key: EC_prime256v1, EC_secp384r1, RSA_2048, RSA_3072 or RSA_4096.
    """
    issuer = x509.load_pem_x509_certificate(authority.issuer.read_bytes())
    signer = _load_key(authority.folder / "issuer.key")
    key = _new_key(algorithm)
    start = not_before or datetime.now(UTC) - _SLACK
    end = not_after or start + LEAF_LIFETIME
    if start >= end:
        start = end - LEAF_LIFETIME
    builder = _unsigned(names[0], issuer.subject, key, start, end)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(authority=False, rsa_key=isinstance(key, rsa.RSAPrivateKey)), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(signer, hashes.SHA256())
    return Leaf(certificate=_pem(certificate), chain=authority.issuer.read_text(), key=_key_pem(key))


def names_in(certificate_pem: str) -> tuple[str, ...]:
    """The DNS names of a certificate, in its order."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(extension.value.get_values_for_type(x509.DNSName))


def _establish(authority: Authority) -> None:
    authority.folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC) - _SLACK
    root_key, issuer_key = _new_key("EC_prime256v1"), _new_key("EC_prime256v1")
    root_name, issuer_name = _name("Twin Root CA"), _name("Twin Issuing CA")
    ten_years = now + timedelta(days=3650)
    root = _sign_authority((root_name, root_key), (root_name, root_key), (now, ten_years), depth=1)
    issuer = _sign_authority((issuer_name, issuer_key), (root_name, root_key), (now, ten_years), depth=0)
    _write_secret(authority.folder / "issuer.key", _key_pem(issuer_key))
    authority.issuer.write_text(_pem(issuer))
    # The root comes last: its presence says that the rest is there. Nobody needs its key again.
    authority.root.write_text(_pem(root))


def _sign_authority(
    subject: tuple[x509.Name, Key], issuer: tuple[x509.Name, Key], valid: tuple[datetime, datetime], *, depth: int
) -> x509.Certificate:
    signer = issuer[1]
    builder = _unsigned_named(subject[0], issuer[0], subject[1], *valid)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=depth), True),
        (_key_usage(authority=True, rsa_key=False), True),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


def _unsigned(common: str, issuer: x509.Name, key: Key, start: datetime, end: datetime) -> x509.CertificateBuilder:
    # The common name takes 64 characters at most; longer names live in the alternative names alone.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])
    return _unsigned_named(subject, issuer, key, start, end)


def _unsigned_named(
    subject: x509.Name, issuer: x509.Name, key: Key, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, authority: bool, rsa_key: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=authority, crl_sign=authority, key_encipherment=rsa_key,
        content_commitment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _new_key(algorithm: str) -> Key:
    if algorithm.startswith("RSA_"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(algorithm.removeprefix("RSA_")))
    return ec.generate_private_key(ec.SECP384R1() if algorithm == "EC_secp384r1" else ec.SECP256R1())


def _load_key(path: Path) -> Key:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError(f"{path}: {type(key).__name__}, an EC or RSA key was expected")
    return key


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
