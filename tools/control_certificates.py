"""Makes the bad certificates that `checks` ships for its TLS controls: `python tools/control_certificates.py`.

The authority's key lives in this process's memory alone and is gone when it ends, so nobody can ever issue another
certificate under it; a name constraint limits what it signed to `control.invalid`, a name that no DNS has (RFC 6761).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = Path(__file__).parent.parent / "checks" / "world" / "throwaway"
LONG_AGO, LONG_GONE, FOR_EVER = (
    datetime(2020, 1, 1, tzinfo=UTC),
    datetime(2020, 1, 2, tzinfo=UTC),
    datetime(2099, 1, 1, tzinfo=UTC),
)
DOMAIN = "control.invalid"
KEY_NOTE = """\
This key protects nothing and is public on purpose. It belongs to deliberately bad certificates for names under
control.invalid, which servers on 127.0.0.1 present for a moment so that their refusal can be seen.
Made by tools/control_certificates.py.

"""


def main() -> None:
    """Write the authority, the three certificates and the one key that they share."""
    trusted, unknown, shared = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    FOLDER.mkdir(exist_ok=True)
    _write("authority.pem", _certificate("Control authority", trusted, signed_by=trusted, until=FOR_EVER, names=()))
    leaves = {
        "expired": (trusted, LONG_GONE, "expired.control.invalid"),
        "wrong-name": (trusted, FOR_EVER, "somebody-else.control.invalid"),
        "unknown-authority": (unknown, FOR_EVER, "unknown-authority.control.invalid"),
    }
    for name, (issuer, until, host) in leaves.items():
        _write(f"{name}.pem", _certificate("Control authority", shared, signed_by=issuer, until=until, names=(host,)))
    key = shared.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (FOLDER / "protects-nothing.key.pem").write_bytes(KEY_NOTE.encode() + key)


def _certificate(
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    signed_by: ec.EllipticCurvePrivateKey,
    until: datetime,
    names: tuple[str, ...],
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(names[0] if names else issuer))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None if names else 0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()), critical=False)
    )
    extend = _as_leaf if names else _as_authority
    return extend(builder, names).sign(signed_by, hashes.SHA256())


def _as_authority(builder: x509.CertificateBuilder, _: tuple[str, ...]) -> x509.CertificateBuilder:
    only = x509.NameConstraints(permitted_subtrees=[x509.DNSName(DOMAIN)], excluded_subtrees=None)
    return builder.add_extension(only, critical=True).add_extension(_usage(signs=True), critical=True)


def _as_leaf(builder: x509.CertificateBuilder, names: tuple[str, ...]) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(signs=False), critical=True)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(file: str, certificate: x509.Certificate) -> None:
    (FOLDER / file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


if __name__ == "__main__":
    main()
