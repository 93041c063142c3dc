"""Who may call a function, under which name, and what becomes of a call that nobody waits for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, ResourcePolicy
from checks.likeness import checks_of, like, prop
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.policy import Request, decide, opens_to_everybody
from checks.wording import left_out, quote, several
from checks.world.ports import World

PERMISSION = "AWS::Lambda::Permission"
FUNCTION = "AWS::Lambda::Function"
_POLICY = ("lambda:GetPolicy",)


def function_name(said: object) -> str:
    """``name`` or ``name:alias``, whether the template says that or an ARN."""
    text = said if isinstance(said, str) else ""
    return text.split(":function:", 1)[1] if ":function:" in text else text


def _unasked(one: Resource) -> str:
    named = function_name(prop(one, "FunctionName"))
    qualifier = intent.text(one.properties, "Qualifier") or "$LATEST"
    return f"{named.partition(':')[0]}:{qualifier}" if named else ""


ROWS = (
    like(
        "functions.alias",
        "AWS::Lambda::Alias",
        says="the alias leads every call to the version that was deployed, and none to another",
        severity="critical",
        source="AWS: calls by alias go on to the version before, or in part to it, until the alias is moved.",
        noun="alias",
        actions=("lambda:GetAlias",),
        arn="{id}",
        remedy="aws lambda update-alias --function-version …, or deploy the stack again; a shift may still be going on",
        wanted=lambda one: {
            "version": prop(one, "FunctionVersion"),
            "weights": prop(one, "RoutingConfig", "AdditionalVersionWeights") or "none",
        },
    ),
    like(
        "functions.version",
        "AWS::Lambda::Version",
        says="the published version is there and can be called",
        severity="critical",
        source="AWS: an alias to a version that was deleted answers every call with an error (State).",
        noun="version",
        actions=("lambda:GetFunctionConfiguration",),
        arn="{id}",
        good=("Active",),
        pending=("Pending",),
    ),
    like(
        "functions.unasked",
        "AWS::Lambda::EventInvokeConfig",
        says="a call that nobody waits for is retried as often as the template says, and kept when it fails",
        severity="critical",
        source="AWS: an event that failed twice more is dropped unless a destination is set (OnFailure).",
        noun="asynchronous configuration",
        actions=("lambda:GetFunctionEventInvokeConfig",),
        arn="arn:{partition}:lambda:{region}:{account}:function:{name}",
        asked=_unasked,
        wanted=lambda one: {
            "retries": prop(one, "MaximumRetryAttempts"),
            "age": prop(one, "MaximumEventAgeInSeconds"),
            "failures": prop(one, "DestinationConfig", "OnFailure", "Destination"),
        },
    ),
    like(
        "functions.address",
        "AWS::Lambda::Url",
        says="the function's own address asks for a signature wherever the template does",
        severity="critical",
        source="AWS: with AuthType NONE everybody on the internet may call the function, past every gateway.",
        noun="function URL",
        actions=("lambda:GetFunctionUrlConfig",),
        arn="arn:{partition}:lambda:{region}:{account}:function:{name}",
        asked=lambda one: function_name(prop(one, "TargetFunctionArn")),
        wanted=lambda one: {"auth": prop(one, "AuthType")},
    ),
)


@promise(
    "functions.callable",
    says="the function lets in whom the template lets in",
    severity="critical",
    instrument="aws",
    actions=_POLICY,
)
def callable_by(
    *,
    region: str,
    function: str,
    arn: str,
    principal: str,
    action: str,
    source: str,
    account: str,
    gaps: tuple[str, ...],
) -> Sight:
    """AWS: without its statement an API's calls end in a 500, and a rule's nowhere at all. Pitfall 84."""
    judge = partial(
        judge_callable, arn=arn, principal=principal, action=action, source=source, account=account, gaps=gaps
    )
    return Sight(look=partial(_look, region=region, function=function), judge=judge)


@promise(
    "functions.private",
    says="the policy of the function lets in nobody from outside, whatever the template says",
    severity="critical",
    instrument="aws",
    actions=_POLICY,
)
def private(*, region: str, function: str, account: str) -> Sight:
    """AWS: a statement for everybody without a condition lets every account in the world call (GetPolicy)."""
    judge = partial(judge_private, function=function, account=account)
    return Sight(look=partial(_look, region=region, function=function), judge=judge)


def judge_callable(
    seen: ResourcePolicy | Absent, _now: datetime, *, arn: str, principal: str, action: str, source: str, account: str,
    gaps: tuple[str, ...],
) -> Verdict:  # fmt: skip
    """Surely allowed, as the caller asks."""
    expected = f"{principal} may {action} on {arn}{f' for {source}' if source else ''}{left_out(gaps)}"
    remedy = "deploy the stack again; after aws lambda remove-permission, remove the permission from the template first"
    if isinstance(seen, Absent):
        return Verdict.failed(expected=expected, actual="the function has no policy, or is gone", remedy=remedy)
    context = {"aws:sourcearn": source, "aws:sourceaccount": account} if source else {"aws:sourceaccount": account}
    decision = decide(seen.text, Request(service=principal, action=action, resource=arn, context=context))
    if decision.allowed:
        return Verdict.passed(expected=expected, actual=quote(decision.why))
    return Verdict.failed(expected=expected, actual=quote(decision.why), remedy=remedy)


def judge_private(seen: ResourcePolicy | Absent, _now: datetime, *, function: str, account: str) -> Verdict:
    """No policy, or no statement that anybody could use."""
    expected = f"no statement that lets everybody call {function}"
    if isinstance(seen, Absent):
        return Verdict.passed(expected=expected, actual="it has no policy")
    try:
        json.loads(seen.text)
    except (ValueError, RecursionError):
        remedy = f"read it: aws lambda get-policy --function-name {function}"
        return Verdict.failed(expected=expected, actual="a policy that cannot be read", remedy=remedy)
    public = opens_to_everybody(seen.text, account=account)
    if public:
        remedy = f"aws lambda remove-permission --function-name {function} --statement-id …, for each that is named"
        return Verdict.failed(expected=expected, actual=several(public), remedy=remedy)
    return Verdict.passed(expected=expected, actual="none")


def checks(target: Target) -> Iterator[Check]:
    """Aliases, versions and calls; every permission of the template; and for every function that it is private."""
    yield from checks_of(target, ROWS)
    for permission in target.of_type(PERMISSION):
        yield from _permitted(target, permission)
    public = {function_name(prop(one, "TargetFunctionArn")) for one in target.of_type("AWS::Lambda::Url") if _open(one)}
    for function in target.of_type(FUNCTION):
        if function.physical_id not in public:
            place = function.place(target.arn("lambda", function.region, f"function:{function.physical_id}"))
            yield private(place, region=function.region, function=function.physical_id, account=target.account)


def _permitted(target: Target, one: Resource) -> Iterator[Check]:
    name = function_name(prop(one, "FunctionName"))
    principal, action = (intent.text(one.properties, key) for key in ("Principal", "Action"))
    if not (name and principal and action):
        return
    arn = target.arn("lambda", one.region, f"function:{name}")
    yield callable_by(
        one.place(arn),
        region=one.region,
        function=arn,
        arn=arn,
        principal=principal,
        action=action,
        source=intent.text(one.properties, "SourceArn"),
        account=intent.text(one.properties, "SourceAccount") or target.account,
        gaps=intent.gaps(one.properties, "SourceArn"),
    )


def _open(url: Resource) -> bool:
    return intent.text(url.properties, "AuthType") == "NONE"


def _look(world: World, *, region: str, function: str) -> ResourcePolicy | Absent:
    arn = function if function.startswith("arn:") else f"arn:aws:lambda:{region}:0:function:{function}"
    return world.aws.function_policy(region, arn)


PROMISES = (*(each.promise for each in ROWS), callable_by, private)
