"""The end of a deployment: what goes, what stays, and who must say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from khaya_infra import ground, live, releases
from khaya_infra.stop import USAGE, Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from khaya_infra.arrival import Place
    from khaya_infra.settings import Settings

_KEPT = ("Retain", "RetainExceptOnCreate", "Snapshot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one resource of a stack."""

    stack: str
    kind: str
    name: str
    kept: bool


def fates(place: Place) -> tuple[Fate, ...]:
    """Every resource of the stacks that exist, with what its deletion policy says."""
    return tuple(each for stack, region in _places(place.settings) for each in _fates(place, stack, region))


def _places(settings: Settings) -> list[tuple[str, str]]:
    """The other way round than they are made: the distribution must be gone before its certificate is let go."""
    return [(place.name, place.region) for place in reversed(settings.places)]


def _fates(place: Place, stack: str, region: str) -> list[Fate]:
    cloudformation = place.session.client("cloudformation", region_name=region)
    if not ground.status_of(cloudformation, stack):
        return []
    declared = live.template_of(cloudformation, stack)["Resources"]
    return [
        Fate(
            stack=stack,
            kind=each["ResourceType"],
            name=each.get("PhysicalResourceId", each["LogicalResourceId"]),
            kept=declared.get(each["LogicalResourceId"], {}).get("DeletionPolicy") in _KEPT,
        )
        for each in live.resources_of(cloudformation, stack)
    ]


def told(found: tuple[Fate, ...], settings: Settings) -> list[str]:
    """What a person reads before deciding."""
    going, staying = [each for each in found if not each.kept], [each for each in found if each.kept]
    stacks = ", ".join(dict.fromkeys(each.stack for each in found))
    return [
        f"destroys {stacks}: {len(going)} resources go, and {settings.domain} serves nothing from then on",
        f"keeps {len(staying)} resources, which cost on and are nobody's; a new deploy makes new, empty ones:",
        *(f"  {each.kind:<32} {each.name}" for each in sorted(staying, key=lambda each: (each.kind, each.name))),
        f"keeps the hosted zone of {settings.domain} and what the parent delegates to, and the CDK's bootstrap stacks",
    ]


def check_consent(settings: Settings, *, yes: bool, confirm: str | None, ask: Callable[[str], str] | None) -> None:
    """`Stop` (64) unless somebody agreed: on the twin a yes, on AWS the main stack's name as typed or given."""
    name = settings.main.name
    if settings.twin:
        agreed = (
            yes or confirm == name or (ask is not None and ask("Destroy it? [y/N] ").strip().lower() in {"y", "yes"})
        )
    else:
        typed = confirm if confirm is not None or ask is None else ask(f"Type {name} to destroy {settings.stage}: ")
        agreed = typed is not None and typed.strip() == name
    if not agreed:
        cure = "Answer y, or give YES=yes" if settings.twin else f"Only its name will do: CONFIRM={name}"
        raise Stop(f"nothing was destroyed: nobody agreed to destroy {settings.stage}", cure, code=USAGE)


def destroy(place: Place, *, say: Callable[[str], None]) -> None:
    """Delete the stacks and the record of releases, whose functions are gone with them."""
    for name, region in _places(place.settings):
        cloudformation = place.session.client("cloudformation", region_name=region)
        if not ground.status_of(cloudformation, name):
            say(f"{name} is not there")
            continue
        # One that is stuck can still be deleted.
        ground.come_to_rest(cloudformation, name)
        # Whoever agreed by name has said what the protection asks for.
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
        cloudformation.delete_stack(StackName=name)
        status = ground.come_to_rest(cloudformation, name)
        if status not in {"", "DELETE_COMPLETE"}:
            raise Stop(
                f"{name} is {status}",
                f"`aws cloudformation describe-stack-events --region {region} --stack-name {name}` names what refused",
            )
        say(f"{name} is gone")
    _forget(place)


def _forget(place: Place) -> None:
    ssm = place.session.client("ssm")
    ssm.delete_parameters(Names=[releases.parameter_of(place.settings.main.name)])
