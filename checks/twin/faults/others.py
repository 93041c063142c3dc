"""Faults of what only some deployments have: sign-in pages, own keys, silenced alarms, names of APIs, filled tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.staging import Undo, broken
from checks.twin.faults.words import Fault, Unfit, View

_OBS, _AUTH, _SPA = "Alarms, logs, SNS", "Cognito / authentication", "SPA / PWA content"
_WORKER = "/sw.js"
_SOON = timedelta(seconds=10)


def sign_in_gone(bench: Bench, check: Check) -> Undo:
    """Nobody can sign in at the page any more."""
    pools, name = bench.aws("cognito-idp", str(check.params["region"])), str(check.params["name"])
    pool = pools.describe_user_pool_domain(Domain=name)["DomainDescription"]["UserPoolId"]
    pools.delete_user_pool_domain(Domain=name, UserPoolId=pool)
    return lambda: pools.create_user_pool_domain(Domain=name, UserPoolId=pool)


def key_dies(bench: Bench, check: Check) -> Undo:
    """The key is deleted in a week; nothing can be read with it until then either."""
    keys, name = bench.aws("kms", str(check.params["region"])), str(check.params["name"])
    keys.schedule_key_deletion(KeyId=name, PendingWindowInDays=7)

    def keep() -> None:
        keys.cancel_key_deletion(KeyId=name)
        keys.enable_key(KeyId=name)

    return keep


def record_gone(bench: Bench, check: Check) -> Undo:
    """The name of the API, or of the sign-in, is nobody's."""
    zones, zone, name = bench.aws("route53"), str(check.params["zone_id"]), str(check.params["name"])
    every = zones.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    gone = next(each for each in every if (each["Name"], each["Type"]) == (f"{name}.", check.params["kind"]))

    def change(action: str) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": gone}]}
        zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    change("DELETE")
    return lambda: change("CREATE")


def emptied(bench: Bench, check: Check) -> Undo:
    """Somebody removed all items of a table that is to hold some."""
    tables, name = bench.aws("dynamodb", str(check.params["region"])), str(check.params["table"])
    keys = [each["AttributeName"] for each in tables.describe_table(TableName=name)["Table"]["KeySchema"]]
    items = tables.scan(TableName=name)["Items"]
    for each in items:
        tables.delete_item(TableName=name, Key={key: each[key] for key in keys})
    return lambda: [tables.put_item(TableName=name, Item=each) for each in items]


def untold(bench: Bench, check: Check) -> Undo:
    """Uploads are kept, and nobody who works on them hears of it."""
    files, name = bench.aws("s3", str(check.params["region"])), str(check.params["bucket"])
    before = files.get_bucket_notification_configuration(Bucket=name)
    before.pop("ResponseMetadata", None)
    if not before:
        raise Unfit("the bucket tells nobody")
    files.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={})
    return lambda: files.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=before)


@contextmanager
def silenced_for_long(bench: Bench) -> Iterator[View]:
    """What silences the alarm over alarms rings, and goes on doing so for longer than is allowed."""
    check = bench.check("alarms.silenced")
    limit = check.params["limit"]
    if not isinstance(limit, timedelta) or limit > _SOON:
        raise Unfit(f"it would have to last for {limit}")
    watching = bench.aws("cloudwatch", str(check.params["region"]))
    over = watching.describe_alarms(AlarmNames=[str(check.params["alarm"])], AlarmTypes=["CompositeAlarm"])
    silencer = over["CompositeAlarms"][0]["ActionsSuppressor"].rpartition(":alarm:")[2]

    def ring(state: str) -> None:
        watching.set_alarm_state(AlarmName=silencer, StateValue=state, StateReason="a deployment that never ends")

    ring("ALARM")
    try:
        # CloudWatch tells whole seconds.
        time.sleep(limit.total_seconds() + 1)
        yield View(named=(check.name,))
    finally:
        ring("OK")


def of_the_worker(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Bench, Check], Undo]:
    """The service worker is uploaded in another way."""

    def upload(bench: Bench, _: Check) -> Undo:
        bucket = next((each for each in bench.checks("buckets.present") if _holds(bench, each)), None)
        if bucket is None:
            raise Unfit("the site has no service worker")
        files, name = bench.aws("s3", str(bucket.params["region"])), str(bucket.params["bucket"])
        seen = files.get_object(Bucket=name, Key=_WORKER[1:])
        there = {
            "Bucket": name, "Key": _WORKER[1:], "Body": seen["Body"].read(), "ContentType": seen["ContentType"],
            "CacheControl": seen["CacheControl"],
        }  # fmt: skip
        files.put_object(**change(there))
        return lambda: files.put_object(**there)

    return upload


def _holds(bench: Bench, bucket: Check) -> bool:
    files = bench.aws("s3", str(bucket.params["region"]))
    listed = files.list_objects_v2(Bucket=str(bucket.params["bucket"]), Prefix=_WORKER[1:], MaxKeys=1)
    return bool(listed["KeyCount"])


def _for_a_year(there: dict[str, Any]) -> dict[str, Any]:
    return {**there, "CacheControl": "max-age=31536000"}


def _a_page(there: dict[str, Any]) -> dict[str, Any]:
    page = b'<!doctype html><html lang="en"><head><title>Home</title></head><body></body></html>'
    return {**there, "Body": page, "ContentType": "text/html"}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="DNS-19",
        family="DNS / Route 53",
        breaks="the name of the API or of the sign-in is missing",
        promise="dns.alias_record",
        stage=broken("dns.alias_record", record_gone),
    ),
    Fault(
        id="SPA-07",
        family=_SPA,
        breaks="the service worker is kept for a year",
        promise="site.cache",
        stage=broken("site.cache", of_the_worker(_for_a_year)),
    ),
    Fault(
        id="SPA-08",
        family=_SPA,
        breaks="the service worker is a page",
        promise="site.assets",
        stage=broken("site.assets", of_the_worker(_a_page)),
    ),
    Fault(
        id="DDB-24",
        family="DynamoDB",
        breaks="a table of settings is empty",
        promise="tables.filled",
        stage=broken("tables.filled", emptied),
    ),
    Fault(
        id="AUTH-06",
        family=_AUTH,
        breaks="the domain of the sign-in page is gone",
        promise="auth.domain",
        stage=broken("auth.domain", sign_in_gone),
    ),
    Fault(
        id="OBS-27",
        family=_OBS,
        breaks="an alarm made of others is silenced",
        promise="alarms.silenced",
        stage=silenced_for_long,
    ),
    Fault(
        id="E2E-05",
        family="End-to-end journeys",
        breaks="uploads are never worked on",
        promise="buckets.notifications",
        stage=broken("buckets.notifications", untold, containing="Uploads"),
    ),
    Fault(
        id="INF-06",
        family="Account, IAM, stack",
        breaks="a key is about to be deleted",
        promise="keys.usable",
        stage=broken("keys.usable", key_dies),
    ),
)
