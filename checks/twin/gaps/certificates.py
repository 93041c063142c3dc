"""What ACM holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from checks.twin import authority, leaves
from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store, wrap_handler

_TYPE = "AWS::CertificateManager::Certificate"
Record = dict[str, Any]
# Where an API's name keeps its certificate: at the edge, or in its region.
_OF_NAMES = ("certificateArn", "regionalCertificateArn")


def issue_real_leaves(grounds: Grounds) -> None:
    """Every requested certificate is a real one, and what ACM says of it is read from it.

    MiniStack stores a placeholder that no TLS library parses, and gives no serial.
    """
    acm = service("services.acm")
    certificates = store(acm, "_certificates")
    ca = authority.found(grounds.authority)

    def issue(arn: str) -> None:
        record = certificates[arn]
        leaf = authority.mint(ca, _names(record), algorithm=record.get("KeyAlgorithm") or "RSA_2048")
        _adopt(record, leaf)
        leaves.keep(grounds.leaves, arn, leaf)

    def issued(original: Function) -> Function:
        def request(data: Record) -> Untyped:
            answer = original(data)
            if answer[0] == HTTPStatus.OK:
                arn = json.loads(answer[2])["CertificateArn"]
                certificates[arn]["KeyAlgorithm"] = data.get("KeyAlgorithm")
                issue(arn)
            return answer

        return request

    replace(acm, "_request_certificate", ("data",), issued)
    replace(acm, "_cert_shape", ("cert",), _described)
    wrap_handler(_TYPE, "create", _followed_by(issue))
    wrap_handler(_TYPE, "update", _followed_by(lambda arn: None if _is_issued(certificates[arn]) else issue(arn)))


def read_imported_certificates(grounds: Grounds) -> None:
    """An imported certificate is read: names, serial and dates are its own, and what is none is refused.

    MiniStack keeps the bytes and tells names and dates that it made up. A requested certificate keeps its type and
    its validation options when another is imported in its place (AWS would refuse): this is how the local authority
    renews it.
    """
    acm = service("services.acm")
    certificates = store(acm, "_certificates")

    def imported(original: Function) -> Function:
        def import_certificate(data: Record) -> Untyped:
            before = dict(certificates.get(data.get("CertificateArn") or "") or {})
            try:
                x509.load_pem_x509_certificate(acm._decode_pem_field(data.get("Certificate")).encode())  # noqa: SLF001
            except ValueError:
                return acm.error_response_json("ValidationException", "Could not validate the certificate.", 400)
            answer = original(data)
            if answer[0] == HTTPStatus.OK:
                arn = json.loads(answer[2])["CertificateArn"]
                _take_over(certificates[arn], before)
                leaves.keep(grounds.leaves, arn, _leaf_of(certificates[arn]))
            return answer

        return import_certificate

    replace(acm, "_import_certificate", ("data",), imported)


def tell_who_uses_a_certificate(_: Grounds) -> None:
    """`InUseBy` names the distributions and API names that show a certificate, and such a one cannot be deleted.

    MiniStack leaves the list empty, so that a certificate in use looks unused, and deletes it.
    """
    acm, cloudfront = service("services.acm"), service("services.cloudfront")
    distributions, names = (
        store(cloudfront, "_distributions"),
        store(service("services.apigateway_v1"), "_domain_names"),
    )

    def users(arn: str) -> list[str]:
        mark = f">{arn}<"
        shown = [str(each["ARN"]) for each in distributions.values() if mark in each.get("config_xml", "")]
        region = arn.split(":")[3]
        apis = [name for name, each in names.items() if arn in {each.get(key) for key in _OF_NAMES}]
        return [*shown, *(f"arn:aws:apigateway:{region}::/domainnames/{each}" for each in apis)]

    def with_users(original: Function) -> Function:
        def shape(cert: Record) -> Record:
            described: Record = original(cert)
            described["InUseBy"] = [*described["InUseBy"], *users(described["CertificateArn"])]
            described["RenewalEligibility"] = (
                "ELIGIBLE" if described["InUseBy"] and described["Type"] == "AMAZON_ISSUED" else "INELIGIBLE"
            )
            return described

        return shape

    def unless_used(original: Function) -> Function:
        def delete(data: Record) -> Untyped:
            arn = data.get("CertificateArn", "")
            if users(arn):
                return acm.error_response_json("ResourceInUseException", f"Certificate {arn} is in use.", 400)
            return original(data)

        return delete

    replace(acm, "_cert_shape", ("cert",), with_users)
    replace(acm, "_delete_certificate", ("data",), unless_used)


def publish_validation_records(_: Grounds) -> None:
    """CloudFormation writes the validation records of a certificate whose zone it was told.

    On AWS it does (user guide of AWS::CertificateManager::Certificate, `HostedZoneId`), and renewal depends on them;
    MiniStack issues without.
    """
    acm, route53 = service("services.acm"), service("services.route53")
    certificates, records = store(acm, "_certificates"), store(route53, "_records")

    def published(original: Function) -> Function:
        def create(logical_id: str, props: Record, stack_name: str) -> Untyped:
            arn, attributes = original(logical_id, props, stack_name)
            options = props.get("DomainValidationOptions") or []
            zones = {each.get("DomainName"): each.get("HostedZoneId") for each in options}
            for option in certificates[arn]["DomainValidationOptions"]:
                zone = str(zones.get(option["DomainName"]) or "").rpartition("/")[2]
                if zone in records:
                    _upsert(records, zone, option["ResourceRecord"])
            return arn, attributes

        return create

    wrap_handler(_TYPE, "create", published)


def _upsert(records: Untyped, zone: str, wanted: Record) -> None:
    kept = [each for each in records[zone] if (each["Name"], each["Type"]) != (wanted["Name"], wanted["Type"])]
    added = {"Name": wanted["Name"], "Type": wanted["Type"], "TTL": "300", "ResourceRecords": [wanted["Value"]]}
    records[zone] = [*kept, added]


def _followed_by(then: Callable[[str], None]) -> Callable[[Function], Function]:
    def make(original: Function) -> Function:
        def handle(*args: Untyped, **kwargs: Untyped) -> Untyped:
            arn, attributes = original(*args, **kwargs)
            then(arn)
            return arn, attributes

        return handle

    return make


def _described(original: Function) -> Function:
    def shape(cert: Record) -> Record:
        described: Record = original(cert)
        if not _is_issued(cert):
            return described
        seen = x509.load_pem_x509_certificate(cert["_pem_body"].encode())
        public = seen.public_key()
        return {
            **described,
            "Serial": _colons(seen.serial_number),
            "NotBefore": seen.not_valid_before_utc.timestamp(),
            "NotAfter": seen.not_valid_after_utc.timestamp(),
            "Subject": seen.subject.rfc4514_string(),
            "Issuer": "Amazon" if cert["Type"] == "AMAZON_ISSUED" else seen.issuer.rfc4514_string(),
            "KeyAlgorithm": f"RSA_{public.key_size}" if isinstance(public, rsa.RSAPublicKey) else "EC_prime256v1",
            "SignatureAlgorithm": "SHA256WITHRSA" if isinstance(public, rsa.RSAPublicKey) else "SHA256WITHECDSA",
            "Status": cert["Status"],
        }

    return shape


def _colons(serial: int) -> str:
    text = f"{serial:x}"
    text = text.zfill(len(text) + len(text) % 2)
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2))


def _is_issued(record: Record) -> bool:
    return bool(record.get("_real"))


def _names(record: Record) -> list[str]:
    return list(dict.fromkeys([record["DomainName"], *record.get("SubjectAlternativeNames", [])]))


def _adopt(record: Record, leaf: authority.Leaf) -> None:
    seen = x509.load_pem_x509_certificate(leaf.certificate.encode())
    record.update(
        _pem_body=leaf.certificate, _pem_chain=leaf.chain, _private_key=leaf.key, _real=True,
        NotBefore=seen.not_valid_before_utc.timestamp(), NotAfter=seen.not_valid_after_utc.timestamp(),
    )  # fmt: skip


def _leaf_of(record: Record) -> authority.Leaf:
    return authority.Leaf(certificate=record["_pem_body"], chain=record["_pem_chain"], key=record["_private_key"])


def _take_over(record: Record, before: Record) -> None:
    """After an import: names and dates from the certificate, the rest of a requested one as it was."""
    _adopt(record, _leaf_of(record))
    names = authority.names_in(record["_pem_body"])
    record["SubjectAlternativeNames"] = list(names) or record["SubjectAlternativeNames"]
    record["DomainName"] = names[0] if names else record["DomainName"]
    if before.get("Type") == "AMAZON_ISSUED":
        for kept in ("Type", "DomainValidationOptions", "ValidationMethod"):
            record[kept] = before.get(kept)
