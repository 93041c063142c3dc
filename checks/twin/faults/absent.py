"""What of the catalogue of faults is not staged here, each with the reason; never silently left out."""

from __future__ import annotations

from typing import Literal

from checks.twin.faults.words import Absent, Kind


def _row(id_: str, family: str, breaks: str, lacks: Literal["twin", "promise"], why: str) -> Absent:
    kind: Kind = "benign" if id_.startswith("B-") else "meta" if id_.startswith("M-") else "fault"
    return Absent(id=id_, family=family, breaks=breaks, lacks=lacks, why=why, kind=kind)


ABSENT: tuple[Absent, ...] = (
    _row(
        "TLS-22",
        "TLS / certificate",
        "the certificate is revoked",
        "twin",
        "nobody on a closed network publishes revocation lists or answers for the local authority",
    ),
    _row(
        "TLS-23",
        "TLS / certificate",
        "the certificate carries no proof of transparency logs",
        "twin",
        "the local authority is in no log, so no leaf of it ever carries one",
    ),
    _row(
        "DNS-19",
        "DNS / Route 53",
        "the name of the API or of the sign-in is missing",
        "twin",
        "this deployment has no names of their own for them",
    ),
    _row(
        "CF-25",
        "CloudFront configuration and routing",
        "the page for errors is gone",
        "twin",
        "this distribution has no page for errors, by design",
    ),
    _row(
        "CF-30",
        "CloudFront configuration and routing",
        "the firewall is detached",
        "twin",
        "this distribution has none",
    ),
    _row(
        "SPA-07",
        "SPA / PWA content",
        "the service worker is kept for a year",
        "twin",
        "this site has no service worker",
    ),
    _row("SPA-08", "SPA / PWA content", "the service worker is a page", "twin", "this site has no service worker"),
    _row("API-28", "API Gateway", "the firewall is not attached to the stage", "twin", "this stage has none"),
    _row(
        "DDB-24",
        "DynamoDB",
        "a table of settings is empty",
        "twin",
        "no table of this deployment is filled by deploying",
    ),
    _row(
        "AUTH-06",
        "Cognito / authentication",
        "the domain of the sign-in page is gone",
        "twin",
        "this user pool has none",
    ),
    _row(
        "AUTH-23", "Cognito / authentication", "guests get credentials", "twin", "this deployment has no identity pool"
    ),
    _row(
        "EVT-16",
        "EventBridge schedules",
        "the rule may not use a queue's key",
        "twin",
        "no queue of this deployment has a key of its own",
    ),
    _row(
        "OBS-27",
        "Alarms, logs, SNS",
        "an alarm made of others is silenced",
        "twin",
        "this deployment has no such alarm, and the emulator knows nothing that silences one",
    ),
    _row("E2E-05", "End-to-end journeys", "uploads are never worked on", "twin", "nothing here works on uploads"),
    _row(
        "INF-06", "Account, IAM, stack", "a key is about to be deleted", "twin", "this deployment has no key of its own"
    ),
    _row(
        "B-S3-01",
        "S3 buckets",
        "the account blocks public access, the bucket does not",
        "twin",
        "the emulator knows no block for a whole account",
    ),
    _row(
        "M-LAM-03",
        "Meta: canary Lambda",
        "the watcher cannot publish its metric",
        "twin",
        "it is deployed to AWS alone; its own tests hold it",
    ),
)
