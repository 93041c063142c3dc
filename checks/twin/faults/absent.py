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
