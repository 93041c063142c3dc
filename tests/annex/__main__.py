"""Put up a twin in ``TWIN_HOME`` with the annex on it, by CloudFormation alone: ``python -m tests.annex``."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from checks import catalogue, permissions
from checks import twin as twins
from checks.twin import Twin

HERE = Path(__file__).parent
DOMAIN, REGION = "annex.example", "af-south-1"
_HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Annex</title>'
# By path: the text, its type, and for how long it may be kept.
FILES: Mapping[str, tuple[str, str, str]] = {
    "index.html": (
        f'{_HEAD}<script src="/app.js" defer></script></head><body><h1>Annex</h1></body></html>',
        "text/html",
        "no-cache",
    ),
    "missing.html": (f"{_HEAD}</head><body><h1>There is no such page</h1></body></html>", "text/html", "no-cache"),
    "app.js": ('"use strict";\nnavigator.serviceWorker.register("/sw.js");\n', "text/javascript", "no-cache"),
    "sw.js": ('"use strict";\nself.addEventListener("fetch", () => {});\n', "text/javascript", "no-cache"),
}
_WITHIN_S = 60.0


def main() -> int:
    """Stacks, files and settings; a twin that runs, or has them already, is brought to the same."""
    here = twins.up(harness_actions=permissions.actions(catalogue.PROMISES))
    aws = _Clients(here)
    zone = _zone(aws, here)
    names = {"Domain": DOMAIN, "ZoneId": zone}
    edge = _deployed(aws, "AnnexNames", "us-east-1", names)
    made = _deployed(aws, "Annex", REGION, {**names, **edge})
    for name, (text, kind, cache) in FILES.items():
        put = aws("s3").put_object
        put(Bucket=made["Pages"], Key=name, Body=text.encode(), ContentType=kind, CacheControl=cache)
    aws("dynamodb").put_item(TableName=made["Settings"], Item={"name": {"S": "currency"}, "value": {"S": "ZAR"}})
    return 0


class _Clients:
    """The twin's administrator."""

    def __init__(self, twin: Twin) -> None:
        self._session: Any = boto3.Session(twin.access_key_id, twin.secret_access_key)
        self._where = {"endpoint_url": twin.endpoint, "verify": str(twin.ca_bundle)}

    def __call__(self, service: str, region: str = REGION) -> Any:  # noqa: ANN401 - one method for all services
        return self._session.client(service, region_name=region, **self._where)


def _zone(aws: _Clients, here: Twin) -> str:
    route53 = aws("route53")
    known = [each for each in route53.list_hosted_zones()["HostedZones"] if each["Name"] == f"{DOMAIN}."]
    if known:
        return str(known[0]["Id"]).rpartition("/")[2]
    made = route53.create_hosted_zone(Name=DOMAIN, CallerReference=here.generation)
    twins.delegate(here, DOMAIN, made["DelegationSet"]["NameServers"])
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _deployed(aws: _Clients, name: str, region: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """The outputs of a stack that is there now. Raises RuntimeError with what failed."""
    stacks = aws("cloudformation", region)
    wanted: dict[str, Any] = {
        "StackName": name,
        "TemplateBody": (HERE / f"{name.removeprefix('Annex').lower() or 'annex'}.yaml").read_text(encoding="utf-8"),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    }
    if not any(each["StackName"] == name for each in stacks.describe_stacks()["Stacks"]):
        stacks.create_stack(**wanted, EnableTerminationProtection=True)
    ends = time.monotonic() + _WITHIN_S
    while (told := stacks.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("_IN_PROGRESS"):
        if time.monotonic() > ends:
            break
        time.sleep(0.05)
    if told["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        events = stacks.describe_stack_events(StackName=name)["StackEvents"]
        failed = [each for each in events if each["ResourceStatus"].endswith("FAILED")]
        raise RuntimeError(f"{name} is {told['StackStatus']}: {failed[-1:]}")
    return {each["OutputKey"]: each["OutputValue"] for each in told.get("Outputs", [])}


if __name__ == "__main__":
    if sys.argv[1:] == ["down"]:
        twins.down()
        sys.exit(0)
    sys.exit(main())
