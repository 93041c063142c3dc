"""What Lambda says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from checks import evidence as seen
from checks.model import CannotLook
from checks.together import together
from checks.world.aws.wire import Ask, Asking, shaped

FUNCTION = Ask(
    service="lambda",
    operation="GetFunctionConfiguration",
    needs=("FunctionName", "FunctionArn"),
    gone=("ResourceNotFoundException",),
)
# A function without reserved concurrency is answered with an empty object, so there is no key to insist on.
CONCURRENCY = Ask(service="lambda", operation="GetFunctionConcurrency", gone=("ResourceNotFoundException",))

# Lambda answers a function without a policy as it does a function that is not there.
POLICY = Ask(service="lambda", operation="GetPolicy", needs=("Policy",), gone=("ResourceNotFoundException",))


def function(asking: Asking, region: str, name: str) -> seen.FunctionSeen | seen.Absent:
    """One function, its values of environment variables turned into digests."""
    answer, concurrency = together(
        partial(asking.call, FUNCTION, region, FunctionName=name),
        partial(asking.beside().call, CONCURRENCY, region, FunctionName=name),
    )
    if answer is None or concurrency is None:
        return seen.Absent(what=f"function {name} in {region}")
    hidden = answer.get("Environment", {}).get("Error")
    if hidden:
        said = f"{hidden.get('ErrorCode', '')}: {hidden.get('Message', '')}"
        raise CannotLook(f"{FUNCTION.action} in {region}: the environment cannot be read ({said}); allow kms:Decrypt")
    reserved = concurrency.get("ReservedConcurrentExecutions")
    return shaped(FUNCTION, region, lambda: _function(answer, reserved))


def function_policy(asking: Asking, region: str, arn: str) -> seen.ResourcePolicy | seen.Absent:
    """Who else may call the function, or the alias or version of it that *arn* ends with."""
    name, _, qualifier = arn.split(":", 6)[6].partition(":")
    which = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
    answer = asking.call(POLICY, region, **which)
    if answer is None:
        return seen.Absent(what=f"policy of function {name} in {region}")
    return seen.ResourcePolicy(resource=arn, text=str(answer["Policy"]))


def _function(one: Mapping[str, Any], reserved: int | None) -> seen.FunctionSeen:
    variables = one.get("Environment", {}).get("Variables", {})
    return seen.FunctionSeen(
        name=one["FunctionName"],
        arn=one["FunctionArn"],
        runtime=one.get("Runtime", ""),
        architecture=one.get("Architectures", ["x86_64"])[0],
        handler=one.get("Handler", ""),
        memory=one["MemorySize"],
        timeout=one["Timeout"],
        state=one["State"],
        last_update=one["LastUpdateStatus"],
        code_sha256=one["CodeSha256"],
        reserved_concurrency=reserved,
        environment=tuple(sorted((name, seen.digest_of(value)) for name, value in variables.items())),
        role=one["Role"],
    )
