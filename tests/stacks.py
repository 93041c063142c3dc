"""A made-up target with one of each hop, for tests of what leads to what and of what is proven."""

from __future__ import annotations

from collections.abc import Mapping

from checks.model import Check, Place, Resource, Sight, Stack, Target, Verdict, promise

REGION, ACCOUNT = "eu-west-1", "111122223333"


def arn(service: str, rest: str) -> str:
    """An ARN of the target's own account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def resource(kind: str, subject: str, physical_id: str = "", /, **said: object) -> Resource:
    """A resource whose logical id is its subject without what an id may not hold."""
    return Resource(
        logical_id="".join(filter(str.isalnum, subject)),
        type=f"AWS::{kind}",
        physical_id=physical_id or subject.lower(),
        subject=subject,
        stack="Main",
        region=REGION,
        properties=said,
    )


def target(*resources: Resource, domain: str = "", aliases: tuple[str, ...] = ()) -> Target:
    """A target of one stack."""
    return Target(
        name="here",
        account=ACCOUNT,
        stacks=(Stack(name="Main", region=REGION, resources=resources),),
        domain=domain,
        aliases=aliases,
    )


def check(name: str, *covers: str, stack: str = "Main") -> Check:
    """A check of that name about the resources with these logical ids."""

    def bind() -> Sight:
        return Sight(look=lambda _: None, judge=lambda *_: Verdict.passed(expected="", actual=""))

    family, _, subject = name.partition("[")
    made = promise(family, says=f"{family} holds", severity="critical", instrument="aws")(bind)
    return made(Place(subject=subject.removesuffix("]"), stack=stack, covers=covers))


def integrated(function: str) -> Mapping[str, object]:
    """How a method of a REST API names the function behind it."""
    path = f"path/2015-03-31/functions/{arn('lambda', f'function:{function}')}/invocations"
    return {"Uri": f"arn:aws:apigateway:{REGION}:lambda:{path}"}
