"""How a gap takes hold of MiniStack: by name and by parameters, or not at all."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

READ_FROM = "1.5.33"

# MiniStack ships no types: whatever comes from it or goes back is what its source says.
Untyped = Any

Function = Callable[..., Untyped]
Handlers = dict[str, Untyped]


class GapDoesNotFit(Exception):
    """MiniStack has changed where a gap was to be closed; the message names place and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What the gaps stand on: *move* counts a change, *authority* and *leaves* are folders of the twin."""

    move: Callable[[], None]
    authority: Path
    leaves: Path


def running_version() -> str:
    """The version of the MiniStack that is installed."""
    return metadata.version("ministack")


def service(name: str) -> Untyped:
    """A module of MiniStack, by its name below `ministack`."""
    try:
        return import_module(f"ministack.{name}")
    except ImportError as error:
        raise _misfit(f"ministack.{name}", str(error)) from error


def replace(module: Untyped, name: str, parameters: Sequence[str], make: Callable[[Function], Function]) -> None:
    """Put `make(original)` in the place of a function, after making sure that it is the one we read.

    Raises GapDoesNotFit when it is gone or takes other parameters.
    """
    original = getattr(module, name, None)
    if not callable(original):
        raise _misfit(f"{module.__name__}.{name}", "it is gone")
    found = tuple(inspect.signature(original).parameters)
    if found != tuple(parameters):
        raise _misfit(f"{module.__name__}.{name}", f"it takes {found}, {tuple(parameters)} was expected")
    # The next gap that takes hold of the same function finds the parameters of the first.
    setattr(module, name, functools.wraps(original)(make(original)))


def wrap_handler(resource_type: str, action: str, make: Callable[[Function], Function]) -> None:
    """Put `make(original)` in the place of what CloudFormation does to resources of this type.

    Raises GapDoesNotFit when CloudFormation no longer knows the type or the action.
    """
    known = handlers()
    if not callable(known.get(resource_type, {}).get(action)):
        raise _misfit(f"CloudFormation's {action} of {resource_type}", "it is gone")
    known[resource_type][action] = make(known[resource_type][action])


def add_handlers(resource_type: str, added: Handlers) -> None:
    """Teach CloudFormation a type.

    Raises GapDoesNotFit when it has learnt it by itself.
    """
    known = handlers()
    if resource_type in known:
        raise _misfit(f"CloudFormation's {resource_type}", "it is there now; remove our own")
    known[resource_type] = added


def handlers() -> dict[str, Handlers]:
    """CloudFormation's table of what to do per resource type."""
    provisioners = service("services.cloudformation.provisioners")
    known = getattr(provisioners, "_RESOURCE_HANDLERS", None)
    if not isinstance(known, dict):
        raise _misfit("ministack.services.cloudformation.provisioners._RESOURCE_HANDLERS", "it is gone")
    return known


def store(module: Untyped, name: str) -> Untyped:
    """A table that a service keeps its resources in."""
    if not hasattr(module, name):
        raise _misfit(f"{getattr(module, '__name__', type(module).__name__)}.{name}", "it is gone")
    return getattr(module, name)


def _misfit(place: str, why: str) -> GapDoesNotFit:
    return GapDoesNotFit(
        f"ministack {running_version()}: {place}: {why}. The gaps were read from {READ_FROM}; "
        f"install that, or read the new source and adapt checks/twin/gaps"
    )
