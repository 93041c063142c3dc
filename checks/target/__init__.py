"""A target: settings, and what CloudFormation says of the stacks that they name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import field
from pathlib import Path
from typing import Protocol, TypeVar

from checks import template
from checks.evidence import Absent, Caller, StackSeen
from checks.frozen import dataclass
from checks.model import CannotLook, Resource, Stack, Target
from checks.target.settings import Address, Settings, SettingsError, StackSettings, parse, read
from checks.template import Surroundings, TemplateError
from checks.world.ports import Aws, World

__all__ = [
    "NoSuchStack",
    "Reach",
    "Settings",
    "SettingsError",
    "find",
    "parse",
    "reach_of",
    "reach_of_twin",
    "read",
    "resolve",
]

T = TypeVar("T")


class NoSuchStack(SettingsError):
    """Settings name a stack that CloudFormation does not know, and that was never accepted either."""


class Pool(Protocol):
    """What runs the looks: ``checks.pool.Pool``, or anything else that gives futures."""

    def submit(self, work: Callable[[], T], /) -> Future[T]:
        """Run *work*; its value or its exception is in the future."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How the world of a target is reached. *endpoint* and the key are empty for the real AWS and its usual chain."""

    regions: tuple[str, ...]
    resolver: str = ""
    connect: Mapping[Address, Address] = field(default_factory=dict)
    ca_bundle: Path | None = None
    endpoint: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    role_arn: str = ""


def find(name_or_path: str, *, home: Path = Path()) -> Path:
    """The settings file of that path, or of that name in ``targets`` and then ``checks/targets`` below *home*.

    Raises SettingsError saying where it was sought, and which names there are.
    """
    as_path = home / name_or_path
    if as_path.is_file():
        return as_path
    folders = (home / "targets", home / "checks" / "targets", Path(__file__).parents[1] / "targets")
    if "/" not in name_or_path and not name_or_path.endswith(".toml"):
        for folder in folders:
            if (folder / f"{name_or_path}.toml").is_file():
                return folder / f"{name_or_path}.toml"
    known = sorted({file.stem for folder in folders for file in folder.glob("*.toml")})
    sought = ", ".join(str(folder) for folder in folders)
    raise SettingsError(
        f"no target {name_or_path!r}: no such file, and none of that name in {sought}; known are {known}"
    )


def reach_of(settings: Settings) -> Reach:
    """The way to a target on AWS."""
    return Reach(
        regions=settings.regions,
        resolver=settings.network.resolver,
        connect=settings.network.connect,
        ca_bundle=settings.network.ca_bundle,
        role_arn=settings.role_arn,
    )


def reach_of_twin(
    settings: Settings,
    *,
    endpoint: str,
    access_key_id: str,
    secret_access_key: str,
    role_arn: str,
    resolver: Address,
    connect: Mapping[Address, Address],
    ca_bundle: Path,
) -> Reach:
    """The way to a target on the twin, from what the twin says of itself; a role in the settings goes before its."""
    host, port = resolver
    return Reach(
        regions=settings.regions,
        resolver=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        connect=dict(connect),
        ca_bundle=ca_bundle,
        endpoint=endpoint,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        role_arn=settings.role_arn or role_arn,
    )


def resolve(settings: Settings, world: World, *, pool: Pool, accepted_names: Collection[str] = ()) -> Target:
    """The target as it lives now. All stacks are read at once, in *pool*.

    *accepted_names* are the stacks of the last accepted plan: one of them may be gone, which is for the checks to say.
    Raises NoSuchStack for any other that CloudFormation does not know, SettingsError for two resources of one name,
    CannotLook where AWS could not be asked, was asked as another account, or gave what is no template.
    """
    labels = _labels(settings.stacks)
    looks = {stack: _look(world.aws, stack, pool) for stack in settings.stacks}
    stacks = tuple(
        _stack(settings, stack, label=labels[stack], looks=looks[stack], accepted=accepted_names)
        for stack in settings.stacks
    )
    _refuse_duplicates(settings, stacks)
    return Target(
        name=settings.name,
        account=settings.account,
        stacks=stacks,
        domain=settings.domain,
        aliases=settings.aliases,
        spa_paths=settings.spa_paths,
        hidden=settings.hidden,
        partition=partition_of(settings.regions[0]) if settings.regions else "aws",
        resolvers=settings.resolvers,
    )


def partition_of(region: str) -> str:
    """The partition that a region belongs to."""
    starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}
    return next((partition for start, partition in starts.items() if region.startswith(start)), "aws")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looks:
    """Questions about one stack on their way, and who asks them."""

    caller: Future[Caller]
    stack: Future[StackSeen | Absent]
    resources: Future[tuple[tuple[str, str, str], ...]]
    text: Future[str]


def _look(aws: Aws, stack: StackSettings, pool: Pool) -> _Looks:
    return _Looks(
        caller=pool.submit(lambda: aws.caller(stack.region)),
        stack=pool.submit(lambda: aws.stack(stack.region, stack.name)),
        resources=pool.submit(lambda: tuple(aws.stack_resources(stack.region, stack.name))),
        text=pool.submit(lambda: aws.stack_template(stack.region, stack.name)),
    )


def _stack(settings: Settings, stack: StackSettings, *, label: str, looks: _Looks, accepted: Collection[str]) -> Stack:
    described = looks.stack.result()
    if isinstance(described, Absent):
        # The looks at its resources and its template have failed then, for the same reason.
        _refuse_other_account(settings, looks.caller.result())
        if stack.name not in accepted:
            raise NoSuchStack(
                f"{settings.source}: stack {stack.name} does not exist in {stack.region} of account "
                f"{settings.account}, and no accepted plan knows it; deploy it, or correct [[stack]] name and region"
            )
        return Stack(name=stack.name, region=stack.region, absent=True, disposable=stack.disposable)
    try:
        written = template.parse(looks.text.result())
        return _described(settings, stack, label, described, looks.resources.result(), written)
    except TemplateError as error:
        raise CannotLook(f"the template of stack {stack.name} in {stack.region}: {error}", final=True) from error


def _refuse_other_account(settings: Settings, caller: Caller) -> None:
    """With credentials of another account everything is missing, which says nothing about the target."""
    if caller.account != settings.account:
        raise CannotLook(
            f"these credentials are of account {caller.account} ({caller.arn}), {settings.source} names account "
            f"{settings.account}; use credentials of that account, or correct [account] id",
            final=True,
        )


def _described(  # noqa: PLR0917 - the three answers, and whom they are about
    settings: Settings,
    stack: StackSettings,
    label: str,
    described: StackSeen,
    live: tuple[tuple[str, str, str], ...],
    written: Mapping[str, object],
) -> Stack:
    surroundings = Surroundings(
        stack=stack.name,
        stack_id=described.arn,
        region=stack.region,
        account=settings.account,
        partition=partition_of(stack.region),
        parameters=dict(described.parameters),
        outputs=dict(described.outputs),
        physical_ids={logical_id: physical_id for logical_id, _, physical_id in live if physical_id},
    )
    resolved = template.resolve(written, surroundings)
    names = template.subjects(written, stack.name)
    resources = tuple(
        Resource(
            logical_id=logical_id,
            type=kind,
            physical_id=physical_id,
            subject=label + names.get(logical_id, logical_id),
            stack=stack.name,
            region=stack.region,
            properties=resolved.properties.get(logical_id, {}),
        )
        for logical_id, kind, physical_id in live
    )
    return Stack(
        name=stack.name,
        region=stack.region,
        arn=described.arn,
        outputs=dict(described.outputs),
        declared_outputs=resolved.outputs,
        resources=resources,
        disposable=stack.disposable,
    )


def _labels(stacks: tuple[StackSettings, ...]) -> Mapping[StackSettings, str]:
    """What goes before a subject: nothing, the stack, or region and stack, as much as it takes to tell them apart."""
    if len(stacks) == 1:
        return {stacks[0]: ""}
    times = Counter(stack.name for stack in stacks)
    return {stack: f"{stack.region}/{stack.name}/" if times[stack.name] > 1 else f"{stack.name}/" for stack in stacks}


def _refuse_duplicates(settings: Settings, stacks: tuple[Stack, ...]) -> None:
    first: dict[str, Resource] = {}
    for stack in stacks:
        for resource in stack.resources:
            other = first.setdefault(resource.subject, resource)
            if other is not resource:
                both = f"{other.logical_id} in stack {other.stack} and {resource.logical_id} in stack {resource.stack}"
                raise SettingsError(
                    f"{settings.source}: two resources are called {resource.subject}: {both}; "
                    "give one a construct path of its own"
                )
