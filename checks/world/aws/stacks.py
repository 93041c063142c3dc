"""Who we are, and what CloudFormation says."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from checks import evidence as seen
from checks.world.aws import refusals
from checks.world.aws.session import Credentials
from checks.world.aws.wire import Ask, Asking, shaped

CALLER = Ask(service="sts", operation="GetCallerIdentity", needs=("Account", "Arn"))
STACKS = Ask(
    service="cloudformation",
    operation="DescribeStacks",
    needs=("Stacks",),
    gone=("ValidationError",),
    gone_says="does not exist",
)
RESOURCES = Ask(service="cloudformation", operation="ListStackResources", needs=("StackResourceSummaries",))
TEMPLATE = Ask(service="cloudformation", operation="GetTemplate", needs=("TemplateBody",))


def caller(asking: Asking, region: str) -> seen.Caller:
    """STS's own answer."""
    answer = asking.demand(CALLER, region)
    return seen.Caller(account=str(answer["Account"]), arn=str(answer["Arn"]))


def refuses_forged_key(asking: Asking, region: str) -> tuple[bool, str]:
    """Ask STS with a key that nobody was ever given; AWS says InvalidClientTokenId."""
    alphabet = string.ascii_uppercase + "234567"
    forged = Credentials(
        access_key_id="AKIA" + "".join(secrets.choice(alphabet) for _ in range(16)),
        secret_access_key=secrets.token_urlsafe(30),
    )
    ask = Ask(service=CALLER.service, operation=CALLER.operation, gone=tuple(refusals.REFUSED_KEY))
    answer = asking.call_as(ask, region, forged)
    if answer is None:
        return True, "a made-up access key was refused"
    if not refusals.request_id_of(answer) or "Account" not in answer:
        raise refusals.unlike_aws(ask.action, region, "it has no request id or no account")
    return False, f"a made-up access key was accepted as account {answer['Account']}"


def stack(asking: Asking, region: str, name: str) -> seen.StackSeen | seen.Absent:
    """One stack. Asked by its id, a deleted one is still described for weeks: it is absent all the same."""
    answer = asking.call(STACKS, region, StackName=name)
    found = [] if answer is None else list(answer["Stacks"])
    live = [one for one in found if one.get("StackStatus") != "DELETE_COMPLETE"]
    if answer is not None and not found:
        raise refusals.unlike_aws(STACKS.action, region, "it describes no stack")
    if not live:
        return seen.Absent(what=f"stack {name} in {region}")
    return shaped(STACKS, region, lambda: _stack(live[0]))


def stack_resources(asking: Asking, region: str, name: str) -> Sequence[tuple[str, str, str]]:
    """``(logical id, type, physical id)``, deleted ones left out."""
    listed = [one for page in asking.pages(RESOURCES, region, StackName=name) for one in page["StackResourceSummaries"]]
    return shaped(RESOURCES, region, lambda: tuple(_resource(one) for one in listed if not _deleted(one)))


def stack_template(asking: Asking, region: str, name: str) -> str:
    """The template as submitted. botocore parses JSON ones; they are written out again."""
    body = asking.demand(TEMPLATE, region, StackName=name, TemplateStage="Original")["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; botocore gives it in the time zone of this machine."""
    return moment.astimezone(UTC)


def _stack(one: Mapping[str, Any]) -> seen.StackSeen:
    outputs = [(str(output["OutputKey"]), str(output["OutputValue"])) for output in one.get("Outputs", ())]
    parameters = [
        (str(given["ParameterKey"]), str(given.get("ResolvedValue") or given.get("ParameterValue", "")))
        for given in one.get("Parameters", ())
    ]
    return seen.StackSeen(
        name=one["StackName"],
        arn=one["StackId"],
        status=one["StackStatus"],
        reason=one.get("StackStatusReason", ""),
        updated=utc(one.get("LastUpdatedTime") or one["CreationTime"]),
        outputs=tuple(sorted(outputs)),
        parameters=tuple(sorted(parameters)),
        drift=str((one.get("DriftInformation") or {}).get("StackDriftStatus", "")),
        protected=bool(one.get("EnableTerminationProtection")),
    )


def _resource(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return one["LogicalResourceId"], one["ResourceType"], one.get("PhysicalResourceId", "")


def _deleted(one: Mapping[str, Any]) -> bool:
    return bool(one["ResourceStatus"] == "DELETE_COMPLETE")
