"""What ACM says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks import evidence as seen
from checks.world.aws.stacks import utc
from checks.world.aws.wire import Ask, Asking, shaped

CERTIFICATE = Ask(
    service="acm",
    operation="DescribeCertificate",
    needs=("Certificate",),
    gone=("ResourceNotFoundException",),
)


def certificate(asking: Asking, region: str, arn: str) -> seen.CertificateSeen | seen.Absent:
    """One certificate."""
    answer = asking.call(CERTIFICATE, region, CertificateArn=arn)
    if answer is None:
        return seen.Absent(what=f"certificate {arn}")
    return shaped(CERTIFICATE, region, lambda: _certificate(answer["Certificate"]))


def _certificate(one: Mapping[str, Any]) -> seen.CertificateSeen:
    before, after = one.get("NotBefore"), one.get("NotAfter")
    names = {one["DomainName"], *one.get("SubjectAlternativeNames", ())}
    return seen.CertificateSeen(
        arn=one["CertificateArn"],
        status=one["Status"],
        names=tuple(sorted(names)),
        serial=_serial(one.get("Serial", "")),
        not_before=utc(before) if before else None,
        not_after=utc(after) if after else None,
        in_use_by=tuple(sorted(one.get("InUseBy", ()))),
        renewal=one.get("RenewalSummary", {}).get("RenewalStatus", ""),
        validation=tuple(
            sorted(
                (option["DomainName"], option.get("ValidationStatus", ""))
                for option in one.get("DomainValidationOptions", ())
            )
        ),
        validation_records=tuple(
            sorted(
                (record["Name"], record["Value"])
                for option in one.get("DomainValidationOptions", ())
                if (record := option.get("ResourceRecord"))
            )
        ),
    )


def _serial(written: str) -> str:
    """ACM writes ``0a:1b:…``; a certificate read from a handshake has ``a1b…``."""
    return written.replace(":", "").lower().lstrip("0")
