"""Faults of what only some deployments have: sign-in pages, own keys, silenced alarms, names of APIs, filled tables."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from checks.model import Check
from checks.twin.faults.bench import Bench
from checks.twin.faults.staging import Undo, broken
from checks.twin.faults.words import Fault, Unfit, View

_OBS, _AUTH, _SPA = "Alarms, logs, SNS", "Cognito / authentication", "SPA / PWA content"
_CDN, _API = "CloudFront configuration and routing", "API Gateway"
_WORKER = "sw.js"
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


def error_page_gone(bench: Bench, check: Check) -> Undo:
    """What is shown instead of an error is not there any more."""
    key = urlsplit(f"https://{check.params['host']}{check.params['path']}").path[1:]
    files, there = _kept(bench, key)
    files.delete_object(Bucket=there["Bucket"], Key=key)
    return lambda: files.put_object(**there)


def undefended(bench: Bench, check: Check) -> Undo:
    """The distribution has no web ACL any more."""
    front, which = bench.aws("cloudfront"), str(check.params["distribution"])
    before = front.get_distribution_config(Id=which)["DistributionConfig"]["WebACLId"]

    def defend(by: str) -> None:
        now = front.get_distribution_config(Id=which)
        front.update_distribution(
            Id=which, IfMatch=now["ETag"], DistributionConfig={**now["DistributionConfig"], "WebACLId": by}
        )

    defend("")
    return lambda: defend(before)


def detached(bench: Bench, check: Check) -> Undo:
    """Whatever the web ACL stood before is reached without it."""
    walls, which = bench.aws("wafv2", str(check.params["region"])), str(check.params["name"])
    before = walls.get_web_acl_for_resource(ResourceArn=which)["WebACL"]["ARN"]
    walls.disassociate_web_acl(ResourceArn=which)
    return lambda: walls.associate_web_acl(ResourceArn=which, WebACLArn=before)


def only_counted(bench: Bench, check: Check) -> Undo:
    """The first rule of the web ACL blocks nobody any more: it counts."""
    name, number, scope = str(check.params["acl"]).split("|")
    walls = bench.aws("wafv2", str(check.params["region"]))
    which = {"Name": name, "Id": number, "Scope": scope}
    before = walls.get_web_acl(**which)["WebACL"]
    acting = "OverrideAction" if "OverrideAction" in before["Rules"][0] else "Action"
    lax = [{**before["Rules"][0], acting: {"Count": {}}}, *before["Rules"][1:]]

    def write(rules: list[dict[str, Any]]) -> None:
        lock = walls.get_web_acl(**which)["LockToken"]
        kept = {key: before[key] for key in ("DefaultAction", "VisibilityConfig")}
        walls.update_web_acl(**which, **kept, Rules=rules, LockToken=lock)

    write(lax)
    return lambda: write(before["Rules"])


def guests_let_in(bench: Bench, check: Check) -> Undo:
    """Whoever knows the pool's id is handed credentials."""
    pools, which = bench.aws("cognito-identity", str(check.params["region"])), str(check.params["name"])
    told = pools.describe_identity_pool(IdentityPoolId=which)
    # What the pool has none of is left out of an update.
    before = {key: each for key, each in told.items() if each not in ("", [], {}) and key != "ResponseMetadata"}
    pools.update_identity_pool(**{**before, "AllowUnauthenticatedIdentities": True})
    return lambda: pools.update_identity_pool(**before)


def not_lent(bench: Bench, check: Check) -> Undo:
    """The key's policy lets in nobody but the account itself."""
    holder = str(check.params["holder"])
    region, name = holder.split(":")[3], holder.rpartition(":")[2]
    if ":sqs:" not in holder:
        raise Unfit("it is the key of a topic")
    queues, keys = bench.aws("sqs", region), bench.aws("kms", region)
    url = queues.get_queue_url(QueueName=name)["QueueUrl"]
    told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])["Attributes"]
    which = {"KeyId": told["KmsMasterKeyId"], "PolicyName": "default"}
    before = keys.get_key_policy(**which)["Policy"]
    policy = json.loads(before)
    own = [each for each in policy["Statement"] if "Service" not in each["Principal"]]
    keys.put_key_policy(**which, Policy=json.dumps({**policy, "Statement": own}))
    return lambda: keys.put_key_policy(**which, Policy=before)


def led_elsewhere(bench: Bench, check: Check) -> Undo:
    """The API's own name leads nowhere."""
    apis = bench.aws("apigateway", str(check.params["region"]))
    domain, _, path = str(check.params["path"]).partition("/")
    before = apis.get_base_path_mapping(domainName=domain, basePath=path)
    apis.delete_base_path_mapping(domainName=domain, basePath=path)
    kept = {"domainName": domain, "restApiId": before["restApiId"], "stage": before["stage"]}
    own = {} if path == "(none)" else {"basePath": path}
    return lambda: apis.create_base_path_mapping(**kept, **own)


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
        files, there = _kept(bench, _WORKER)
        files.put_object(**change(there))
        return lambda: files.put_object(**there)

    return upload


def _kept(bench: Bench, key: str) -> tuple[Any, dict[str, Any]]:
    """S3, and what puts the file of that name back as it is. Raises Unfit when no bucket holds it."""
    for check in bench.checks("buckets.present"):
        files, name = bench.aws("s3", str(check.params["region"])), str(check.params["bucket"])
        if files.list_objects_v2(Bucket=name, Prefix=key, MaxKeys=1)["KeyCount"]:
            seen = files.get_object(Bucket=name, Key=key)
            how = {each: seen[each] for each in ("ContentType", "CacheControl") if each in seen}
            return files, {"Bucket": name, "Key": key, "Body": seen["Body"].read(), **how}
    raise Unfit(f"no bucket holds {key}")


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
        id="CF-25",
        family=_CDN,
        breaks="the page for errors is gone",
        promise="cdn.error_page",
        stage=broken("cdn.error_page", error_page_gone),
    ),
    Fault(
        id="CF-30",
        family=_CDN,
        breaks="the firewall is detached",
        promise="cdn.firewall",
        stage=broken("cdn.firewall", undefended),
    ),
    Fault(
        id="API-28",
        family=_API,
        breaks="the firewall is not attached to the stage",
        promise="firewalls.attached",
        stage=broken("firewalls.attached", detached),
    ),
    Fault(
        id="X-WAF-01",
        family=_API,
        breaks="a rule of the firewall only counts",
        promise="firewalls.rules",
        stage=broken("firewalls.rules", only_counted),
    ),
    Fault(
        id="X-API-07",
        family=_API,
        breaks="the name of the API leads to no stage",
        promise="api.mapping",
        stage=broken("api.mapping", led_elsewhere),
    ),
    Fault(
        id="AUTH-23",
        family=_AUTH,
        breaks="guests get credentials",
        promise="auth.guests",
        stage=broken("auth.guests", guests_let_in),
    ),
    Fault(
        id="EVT-16",
        family="EventBridge schedules",
        breaks="the rule may not use a queue's key",
        promise="keys.lends",
        stage=broken("keys.lends", not_lent),
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
