"""Copies that a person asks for: a backup or an export of a table, the site's files to the backups bucket and back."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from khaya_infra import publish, restore, tables
from khaya_infra.stop import USAGE, WAITING, Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from khaya_infra.arrival import Place
    from khaya_infra.clients import Client

_DEADLINE_S = 6 * 60 * 60
_PAUSE_S = 2.0
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def back_up(place: Place, word: str) -> str:
    """Make a backup of a table now, kept until somebody deletes it; gives its ARN."""
    dynamodb, (noun, table) = place.session.client("dynamodb"), tables.table_named(place, word)
    name = f"{noun}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    made = dynamodb.create_backup(TableName=table, BackupName=name)["BackupDetails"]
    return str(made["BackupArn"])


def list_copies(place: Place, word: str) -> list[str]:
    """Everything complete that a table can be restored from, the newest first."""
    return [str(each) for each in restore.sources(place, tables.table_named(place, word)[1])]


def restore_as(place: Place, word: str, *, wanted: str, name: str) -> str:
    """Restore a table beside itself, as `name`; gives what it was made from. Nothing points to it yet."""
    _, table = tables.table_named(place, word)
    source = restore.find_source(place, table, wanted)
    restore.restore(place, table, source, name=name)
    return str(source)


def export(
    place: Place,
    word: str,
    *,
    bucket: str | None,
    say: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> str:
    """Write all items of a table as JSON into a bucket and wait for it; gives the manifest's address."""
    dynamodb, (noun, table) = place.session.client("dynamodb"), tables.table_named(place, word)
    chosen = bucket or backups_bucket(place)
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    prefix = f"exports/{noun}/{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    started = dynamodb.export_table_to_point_in_time(
        TableArn=arn, S3Bucket=chosen, S3Prefix=prefix, ExportFormat="DYNAMODB_JSON"
    )["ExportDescription"]["ExportArn"]
    say(f"exporting {noun} to s3://{chosen}/{prefix}")
    done = _await_export(dynamodb, started, pause)
    say(f"{done.get('ItemCount', 0)} items written")
    return f"s3://{chosen}/{done['ExportManifest']}"


def _await_export(dynamodb: Client, arn: str, pause: Callable[[float], None]) -> dict[str, Any]:
    limit = time.monotonic() + _DEADLINE_S
    while (seen := dynamodb.describe_export(ExportArn=arn)["ExportDescription"])["ExportStatus"] == "IN_PROGRESS":
        if time.monotonic() > limit:
            raise Stop(f"{arn} is still in progress", "Look at it in DynamoDB's exports", code=WAITING)
        pause(_PAUSE_S)
    if seen["ExportStatus"] != "COMPLETED":
        raise Stop(
            f"{arn} is {seen['ExportStatus']}: {seen.get('FailureMessage', 'no reason given')}",
            "See that the bucket exists, and that these credentials may write to it",
        )
    return dict(seen)


def backups_bucket(place: Place) -> str:
    """The stack's own bucket for copies; `Stop` when it has none."""
    found = place.outputs().get("BackupsBucket")
    if found is None:
        raise Stop("this deployment has no backups bucket", "Name one: BUCKET=…", code=USAGE)
    return found


def copy_site(place: Place, *, bucket: str | None, folder: str | None) -> tuple[int, str]:
    """Copy the site's files, within S3, to a folder of the backups bucket; how many, and where to."""
    name = _folder(folder or f"frontend-{datetime.now(UTC):%Y%m%d}")
    s3, source = place.session.client("s3"), place.outputs()["FrontendBucket"]
    chosen = bucket or backups_bucket(place)
    keys = [each["Key"] for each in _objects(s3, source, "")]
    for key in keys:
        s3.copy_object(Bucket=chosen, Key=f"{name}/{key}", CopySource={"Bucket": source, "Key": key})
    return len(keys), f"s3://{chosen}/{name}"


def restore_site(place: Place, *, bucket: str | None, folder: str) -> tuple[int, str]:
    """Bring the site's files back from such a folder, and let the edge forget; how many, and what the edge did."""
    s3, outputs = place.session.client("s3"), place.outputs()
    chosen, prefix = bucket or backups_bucket(place), f"{_folder(folder)}/"
    found = [each["Key"] for each in _objects(s3, chosen, prefix)]
    if f"{prefix}index.html" not in found:
        raise Stop(
            f"s3://{chosen}/{prefix} holds no site: {len(found)} files, no index.html",
            f"There are {', '.join(_folders(s3, chosen)) or 'no folders'}",
            code=USAGE,
        )
    began = datetime.now(UTC)
    # What names the others comes last, as when a site is sent.
    for key in sorted(found, key=lambda each: (each.endswith("/index.html"), each)):
        target = key.removeprefix(prefix)
        s3.copy_object(
            Bucket=outputs["FrontendBucket"], Key=target, CopySource={"Bucket": chosen, "Key": key},
            MetadataDirective="COPY",
        )  # fmt: skip
    cloudfront = place.session.client("cloudfront")
    return len(found), publish.invalidate(cloudfront, outputs["DistributionId"], newer_than=began)


def _folder(name: str) -> str:
    if not _FOLDER.fullmatch(name):
        raise Stop(f"{name!r} is no name for a folder", "Give one such as frontend-20260131", code=USAGE)
    return name


def _folders(s3: Client, bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/")
    return [each["Prefix"].rstrip("/") for page in pages for each in page.get("CommonPrefixes", [])]


def _objects(s3: Client, bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [each for page in pages for each in page.get("Contents", [])]
