"""Frozen records, made in a fifth of the time: `dataclass` as the standard library's, for those that are frozen.

The standard one compiles six methods for each class, 0.3 ms and more; some two hundred records were a quarter of the
start of a run. Only ``__init__`` knows the fields by their names here, the others read them from the class. What it
makes is a dataclass: `fields`, `replace`, `is_dataclass`, matching and type checkers know it as one.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

Method = Callable[..., Any]
Fields = tuple[dataclasses.Field[Any], ...]

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - exported again, so that it is known as what it is
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Callable[[type], type]:
        """As `dataclasses.dataclass`, with the arguments that are used here."""
        if not (frozen and slots):
            return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only)
        return lambda cls: _frozen(cls, kw_only=kw_only)


def _frozen(cls: type, *, kw_only: bool) -> type:
    # Without a docstring (an interpreter may drop them) the standard one would work out a signature instead.
    cls.__doc__ = cls.__doc__ or cls.__name__
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
    fields = dataclasses.fields(made)
    for method in (_init_of(made, fields), *_compared(fields), *_told(fields), *_pickled(fields), *_REFUSED):
        if method.__name__ not in made.__dict__ or made.__dict__[method.__name__] is None:
            setattr(made, method.__name__, method)
    return made  # type: ignore[no-any-return] # the class that came, with slots


def _init_of(made: Any, fields: Fields) -> Method:  # noqa: ANN401 - a class that was just made
    """The one method that is compiled: each field under its name, with its default."""
    given = {"_set": object.__setattr__, "_missing": dataclasses.MISSING}
    named = [each for each in fields if each.kw_only]
    signature = [_argument(each, given) for each in fields if not each.kw_only]
    signature += ["*", *(_argument(each, given) for each in named)] if named else []
    body = [f"  _set(self, {each.name!r}, {_value(each)})" for each in fields]
    body += ["  self.__post_init__()"] if hasattr(made, "__post_init__") else []
    lines = (f"def make({', '.join(given)}):", f" def __init__(self, {', '.join(signature)}):", *(body or ["  pass"]))
    found: dict[str, Any] = {}
    exec("\n".join((*lines, " return __init__")), vars(sys.modules[made.__module__]), found)  # noqa: S102 - as the standard library does
    init: Method = found["make"](**given)
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {**{each.name: each.type for each in fields}, "return": None}
    return init


def _argument(field: dataclasses.Field[Any], given: dict[str, Any]) -> str:
    """How *field* stands in the signature; what that refers to is put into *given*."""
    if field.default_factory is not dataclasses.MISSING:
        given[f"_new_{field.name}"] = field.default_factory
        return f"{field.name}=_missing"
    if field.default is dataclasses.MISSING:
        return field.name
    given[f"_is_{field.name}"] = field.default
    return f"{field.name}=_is_{field.name}"


def _value(field: dataclasses.Field[Any]) -> str:
    made_anew = field.default_factory is not dataclasses.MISSING
    return f"_new_{field.name}() if {field.name} is _missing else {field.name}" if made_anew else field.name


def _compared(fields: Fields) -> tuple[Method, ...]:
    names = tuple(each.name for each in fields if each.compare)
    values: Method = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: object, other: object) -> bool:  # noqa: N807 - it becomes a method
        return values(self) == values(other) if type(self) is type(other) else NotImplemented

    def __hash__(self: object) -> int:  # noqa: N807 - it becomes a method
        return hash((type(self), values(self)))

    return __eq__, __hash__


def _told(fields: Fields) -> tuple[Method, ...]:
    names = tuple(each.name for each in fields if each.repr)

    def __repr__(self: object) -> str:  # noqa: N807 - it becomes a method
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return (__repr__,)


def _pickled(fields: Fields) -> tuple[Method, ...]:
    names = tuple(each.name for each in fields)

    def __getstate__(self: object) -> list[object]:  # noqa: N807 - it becomes a method
        return [getattr(self, name) for name in names]

    def __setstate__(self: object, state: list[object]) -> None:  # noqa: N807 - it becomes a method
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return __getstate__, __setstate__


def __setattr__(_self: object, name: str, _value: object) -> None:  # noqa: N807 - it becomes a method
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(_self: object, name: str) -> None:  # noqa: N807 - it becomes a method
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_REFUSED: tuple[Method, ...] = (__setattr__, __delattr__)
