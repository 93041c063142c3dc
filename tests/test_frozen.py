"""The records of the harness are dataclasses, whoever makes their methods."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import field
from typing import Any, ClassVar

import pytest

from checks.evidence import EVIDENCE
from checks.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table."""

    VERSION: ClassVar[int] = 2

    name: str
    keys: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list, compare=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things in their order, the first of them trimmed."""

    left: str
    right: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "left", self.left.strip())


@dataclass(frozen=True, slots=True)
class Nothing:
    """No fields, and a repr of its own."""

    def __repr__(self) -> str:
        return "nothing"


def the_standard(made: Any) -> Any:  # noqa: ANN401 - a class that the standard library makes
    """The same class as the standard library makes it."""
    names = {name: each for name, each in vars(made).items() if name in {"__annotations__", "VERSION", "__post_init__"}}
    told = {each.name: each for each in dataclasses.fields(made)}
    given = {
        name: field(default_factory=each.default_factory, repr=each.repr, compare=each.compare)
        if each.default_factory is not dataclasses.MISSING
        else field(default=each.default, repr=each.repr, compare=each.compare)
        for name, each in told.items()
    }
    plain = type(made.__name__, (), {**names, **given, "__module__": __name__, "__qualname__": made.__qualname__})
    return dataclasses.dataclass(frozen=True, slots=True, kw_only=made is Table)(plain)


def test_a_record_looks_and_compares_as_the_standard_one() -> None:
    """The repr, equality and order of arguments are those of the standard library's dataclass."""
    theirs = the_standard(Table)
    shown = [repr(made(name="a", keys=("k",), notes=["n"], secret="s")) for made in (Table, theirs)]
    assert shown[0] == shown[1]
    assert "Table(name='a', keys=('k',), notes=['n'])" == shown[0]
    assert list(inspect.signature(theirs).parameters) == list(inspect.signature(Table).parameters)
    assert repr(the_standard(Pair)(" a ", 2)) == repr(Pair(" a ", 2))


def test_a_record_equals_what_has_the_same_fields_and_nothing_else() -> None:
    """Equality and hash leave out what is not compared, and no two classes are equal."""
    one, same, other = Table(name="a", notes=["x"]), Table(name="a"), Table(name="b")
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert Pair("a") != object()
    assert Nothing() == Nothing()
    assert Table(name="a") != the_standard(Table)(name="a")


def test_a_record_is_frozen() -> None:
    """Nothing is assigned or deleted, and there is no place for what is not a field."""
    one = Table(name="a")
    for name in ("name", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(one, name, "b")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del one.name
    assert not hasattr(one, "__dict__")


def test_defaults_are_made_for_each() -> None:
    """A list that is made by default belongs to one record alone."""
    first, second = Table(name="a"), Table(name="a")
    first.notes.append("mine")
    assert [] == second.notes


def test_what_is_lacking_or_unknown_is_refused_by_name() -> None:
    """A record without a field, with one too many, or with an argument out of its place cannot be made."""
    made: Any = Table
    for arguments, named in (((), {}), ((), {"name": "a", "nmae": "b"}), (("a",), {})):
        with pytest.raises(TypeError):
            made(*arguments, **named)


def test_a_record_can_be_replaced_copied_and_pickled() -> None:
    """What the standard library does with dataclasses works, ``__post_init__`` included."""
    pair = dataclasses.replace(Pair("a", 3), left=" b ")
    assert Pair("b", 3) == pair
    for again in (copy.copy(pair), copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):  # noqa: S301 - our own
        assert pair == again
    assert {"name": "a", "keys": (), "notes": [], "secret": ""} == dataclasses.asdict(Table(name="a"))


def test_a_record_keeps_what_it_says_itself() -> None:
    """A method of the class is not replaced, a docstring stays, and one without has its name."""
    assert "nothing" == repr(Nothing())
    assert "A table." == Table.__doc__

    @dataclass(frozen=True, slots=True)
    class Silent:
        word: str

    assert "Silent" == Silent.__doc__


def test_a_record_can_be_matched() -> None:
    """A pattern finds the fields that have a place."""
    match Pair("a", 2):
        case Pair("a", right):
            assert 2 == right
        case _:
            pytest.fail("not matched")


def test_what_is_not_frozen_is_the_standard_one() -> None:
    """Only frozen records are made here."""

    @dataclass(slots=True)
    class Count:
        number: int

    count = Count(1)
    count.number += 1
    assert Count(2) == count


def test_every_kind_of_evidence_is_such_a_record() -> None:
    """Evidence is known as dataclasses, by its fields."""
    assert all(dataclasses.is_dataclass(each) and "__dict__" not in vars(each) for each in EVIDENCE)
