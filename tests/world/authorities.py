"""Certificate authorities for the tests, and the servers that they vouch for."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate authority of the tests, and what it can sign."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def bundle(self) -> Path:
        """What those who trust it load."""
        path = self.folder / "root.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def leaf(
        self,
        *names: str,
        common_name: str = "leaf",
        starts: datetime = NOW - timedelta(days=1),
        ends: datetime = NOW + timedelta(days=60),
        serial: int = 0x00C0FFEE,
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """A certificate for *names* (DNS names), and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(common_name, self.certificate.subject, key, starts, ends)
            .serial_number(serial)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        if names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(self.key, hashes.SHA256()), key

    def server(
        self, *names: str, common_name: str = "leaf", starts: datetime | None = None, ends: datetime | None = None
    ) -> ssl.SSLContext:
        """The context of a server that presents such a certificate."""
        certificate, key = self.leaf(
            *names,
            common_name=common_name,
            starts=starts or NOW - timedelta(days=1),
            ends=ends or NOW + timedelta(days=60),
        )
        path = self.folder / f"{certificate.fingerprint(hashes.SHA256()).hex()}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def issuer_in(folder: Path, name: str) -> Issuer:
    """A new authority that keeps its files in *folder*."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ZA"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = _builder(subject, subject, key, NOW - timedelta(days=400), NOW + timedelta(days=400))
    certificate = (
        builder.serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Issuer(folder, key, certificate)


def with_rsa(folder: Path, host: str) -> ssl.SSLContext:
    """The context of a server with a certificate of its own making, whose key is RSA's."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    days = timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(NOW - days).not_valid_after(NOW + days)
    pem = serialization.Encoding.PEM
    (folder / "rsa.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.sign(key, hashes.SHA256()).public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "rsa.pem")
    return context


def _builder(
    subject: str | x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, starts: datetime, ends: datetime
) -> x509.CertificateBuilder:
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]) if isinstance(subject, str) else subject
    return (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .not_valid_before(starts)
        .not_valid_after(ends)
    )
