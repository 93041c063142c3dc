"""Renews a certificate of the twin the way the local authority can: another leaf under the same ARN."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime

from checks.twin import authority
from checks.twin.asking import ask_json
from checks.twin.state import Twin

_TARGET = "CertificateManager"


def reissue(
    twin: Twin,
    arn: str,
    *,
    names: Sequence[str] | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> None:
    """Give the certificate another leaf, in ACM and at the edge from the next handshake on.

    *names* are those that ACM has unless told otherwise. Raises TwinRefuses for an unknown ARN.
    """
    region = arn.split(":")[3]
    if names is None:
        told = ask_json(twin.access, "acm", f"{_TARGET}.DescribeCertificate", {"CertificateArn": arn}, region=region)
        certificate = told["Certificate"]
        names = list(certificate["SubjectAlternativeNames"]) if isinstance(certificate, dict) else []
    leaf = authority.mint(authority.found(twin.home / "authority"), names, not_before=not_before, not_after=not_after)
    body = {
        "CertificateArn": arn, "Certificate": _blob(leaf.certificate), "CertificateChain": _blob(leaf.chain),
        "PrivateKey": _blob(leaf.key),
    }  # fmt: skip
    ask_json(twin.access, "acm", f"{_TARGET}.ImportCertificate", body, region=region)


def _blob(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
