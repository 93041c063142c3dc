"""The gate within a deployment: a CodeDeploy hook after traffic shifted, and a custom resource that fails its stack.

Both look, ask for the last night, read the policy, and tell the service that waits for them; whatever goes wrong on the
way is told as a failure, since a deployment that waits for ever is worse than one that is taken back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from checks.doors import assembly
from checks.doors.canary import Context, ledger_here, look_through, settings_of
from checks.evidence import StackSeen
from checks.model import CannotLook
from checks.nights import gating, silence
from checks.nights.gating import Decision
from checks.nights.record import from_row
from checks.nights.silence import Recency
from checks.plan import Plan
from checks.report.json import document
from checks.target import Settings, SettingsError
from checks.vantage import Beyond
from checks.world.aws.answers import tell_cloudformation, tell_codedeploy
from checks.world.aws.session import Access
from checks.world.real import RealClock

# What CloudFormation tells of a stack when its operation has ended, and until then as it was before.
_AT_REST = ("stack.status", "stack.outputs")
# CloudFormation: a reason is cut off at the limit of the whole response, 4,096 bytes.
_LONGEST = 800


def after_allow_traffic(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """CodeDeploy's hook AfterAllowTraffic: succeeds when the gate is open, fails (and so rolls back) when it is not.

    The event is ``{"DeploymentId", "LifecycleEventHookExecutionId"}`` (CodeDeploy User Guide, "AppSpec 'hooks' section
    for an AWS Lambda deployment"). ``CHECKS_WITHIN`` names the stack whose update shifts the traffic, if one does.
    """
    said = _decided(event, context, within=os.environ.get("CHECKS_WITHIN", ""))
    tell_codedeploy(
        Access(),
        os.environ["AWS_REGION"],
        deployment=str(event["DeploymentId"]),
        hook=str(event["LifecycleEventHookExecutionId"]),
        succeeded=said["exit_code"] == 0,
    )
    return said


def custom_resource(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """A custom resource that is created, and updated, only while the gate is open; deleting it asks nothing.

    Nor does going back: CloudFormation updates it once more when it undoes an update, and a stack whose way back is
    barred is stuck. Of the stack that it is part of it says nothing that is known only when that has come to rest.
    """
    said: dict[str, Any] = {"action": "open", "exit_code": 0, "reasons": []}
    if event["RequestType"] != "Delete" and not _goes_back(event):
        properties = event.get("ResourceProperties") or {}
        within = str(event["StackId"]).split("/")[1]
        said = _decided({"release": properties.get("Release", "")}, context, within=within)
    first = "; ".join(f"{each['what']}: {each['says']}" for each in said["reasons"][:3])
    answer = {
        "Status": "SUCCESS" if said["exit_code"] == 0 else "FAILED",
        "Reason": f"gate: {said['action']}: {first}"[:_LONGEST],
        "PhysicalResourceId": event.get("PhysicalResourceId") or f"gate-{event['LogicalResourceId']}",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Action": said["action"]},
    }
    tell_cloudformation(str(event["ResponseURL"]), answer)
    return answer


def _decided(event: Mapping[str, Any], context: Context, *, within: str) -> dict[str, Any]:
    told = {"release": event.get("release") or os.environ.get("CHECKS_RELEASE", "")}
    try:
        settings = settings_of(told)
        run = look_through(settings, told, context, door="gate", beyond=partial(_under_way, within=within))
        said = gating.as_json(_decide(settings, document(run)))
    except Exception as error:  # noqa: BLE001 - a deployment waits for the answer, whatever it is
        reason = {"action": "hold", "what": "run", "says": f"harness error: {type(error).__name__}: {error}"}
        said = {"action": "hold", "exit_code": 3, "reasons": [reason]}
    print(json.dumps({"gate": said}, ensure_ascii=True), flush=True)
    return said


def _goes_back(event: Mapping[str, Any]) -> bool:
    """Whether the stack of that update is at undoing one. Who cannot see that asks the gate."""
    if event["RequestType"] != "Update":
        return False
    # arn:aws:cloudformation:af-south-1:111122223333:stack/NAME/ID
    region, name = str(event["StackId"]).split(":")[3], str(event["StackId"]).split("/")[1]
    try:
        seen = assembly.connect(settings_of({}), door="gate").world.aws.stack(region, name)
    except (CannotLook, SettingsError):
        return False
    return isinstance(seen, StackSeen) and "ROLLBACK" in seen.status


def _under_way(plan: Plan, *, within: str) -> tuple[Beyond, ...]:
    """What cannot be seen from within the stack of that name, as long as its own operation goes on."""
    return tuple(
        Beyond(check=each.name, needs="stack-at-rest")
        for each in plan.checks
        if within and each.place.stack == within and each.promise.name in _AT_REST
    )


def _decide(settings: Settings, told: Mapping[str, Any]) -> Decision:
    return gating.decide(told, phase="after", recency=_last_night(settings))


def _last_night(settings: Settings) -> Recency | None:
    ledger = ledger_here()
    if ledger is None:
        return None
    limit = settings.require_recent or silence.RECENT
    try:
        rows = [from_row(each) for each in ledger.rows(settings.name)]
    except CannotLook as reason:
        return Recency(why="missing", says=f"the nightly runs could not be read: {reason}")
    return silence.judge(rows, RealClock().now(), limit=limit)
