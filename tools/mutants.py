"""Mutates the harness itself: each judge and the hall, one small change at a time, and sees whether a test notices.

    python -m tools.mutants                        every module that decides, with the tests of its room
    python -m tools.mutants checks/promises/tables.py
    python -m tools.mutants --list checks/blocking.py

What came of it is kept in docs/mutation.json, by module, with a digest of the module and of its tests: a module that
is as it was is not played again, so that an interrupted run goes on where it was. docs/mutation.md is made from it.
What is mutated is what decides: comparisons, conditions, ``and`` and ``or``, numbers and flags, the verdict given, the
guard of a case. Words for people are left alone, and so are signatures and decorators. Each mutant lives in a
process that is forked after the test library was loaded, so that one costs little more than the tests themselves.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tools import mutation_page

ROOT = Path(__file__).parents[1]
# A mutant that never ends is one that a test would notice.
_PATIENCE = 60
_HALL = ("run", "blocking", "plan", "controls")
# Where a room's tests have another name than its module.
_TESTS = {
    "bucket_rules": ("test_buckets",),
    "clients": ("test_auth",),
    "contract": ("test_contract", "test_api"),
    "httpapis": ("test_stages", "test_rows"),
    "logs": ("test_queues",),
    "roles": ("test_boards", "test_rows"),
}
_ALSO = ("tests/promises/test_any_evidence.py",)
_PEOPLE = frozenset({"expected", "actual", "remedy", "says", "reason", "why"})
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_VERDICTS = {"passed": "failed", "failed": "passed", "not_yet": "failed"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where it is, what was there, what is there now, and the whole module with it."""

    file: Path
    line: int
    was: str
    now: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}: {self.was}  ->  {self.now}"


def mutants(file: Path) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its functions."""
    whole = ast.parse(file.read_text(encoding="utf-8"))
    for function in _deciding(whole, file):
        for number, (node, changes) in enumerate(_places(function)):
            for turn in range(len(changes)):
                twin = copy.deepcopy(function)
                was, now = ast.unparse(node), _places(twin)[number][1][turn]()
                ast.fix_missing_locations(twin)
                tree = ast.Module(body=_instead(whole.body, function, twin), type_ignores=[])
                yield Mutant(file, node.lineno, was[:90], now[:90], tree)


def _instead(body: Sequence[ast.stmt], function: ast.FunctionDef, twin: ast.FunctionDef) -> list[ast.stmt]:
    """A module's or a class's *body* with *twin* in the place of *function*."""
    made: list[ast.stmt] = []
    for each in body:
        if isinstance(each, ast.ClassDef) and function in each.body:
            holding = copy.copy(each)
            holding.body = _instead(each.body, function, twin)
            made.append(holding)
        else:
            made.append(twin if each is function else each)
    return made


def _deciding(tree: ast.Module, file: Path) -> list[ast.FunctionDef]:
    """The functions that decide: judges and what they call in a room; all of them in the hall."""
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    if file.parent.name != "promises":
        methods = [each for one in tree.body if isinstance(one, ast.ClassDef) for each in one.body]
        return [*functions.values(), *(each for each in methods if isinstance(each, ast.FunctionDef))]
    wanted = [name for name in functions if name.startswith("judge_")]
    for name in wanted:
        called = {each.id for each in ast.walk(functions[name]) if isinstance(each, ast.Name)}
        wanted += [each for each in functions if each in called and each not in wanted]
    return [functions[name] for name in functions if name in wanted]


Change = Callable[[], str]


def _places(function: ast.FunctionDef) -> list[tuple[ast.expr, list[Change]]]:
    """The expressions of a function that can be changed, each with its changes."""
    words = {id(each) for each in _for_people(function)}
    found: list[tuple[ast.expr, list[Change]]] = []
    for statement in function.body:
        for node in ast.walk(statement):
            changes = [] if id(node) in words else list(_changes(node))
            if changes and isinstance(node, ast.expr):
                found.append((node, changes))
            if isinstance(node, ast.match_case) and node.guard is not None:
                found.append((node.guard, [_unguarded(node)]))
            if isinstance(node, ast.If | ast.IfExp):
                found.append((node.test, [_inverted(node)]))
    return found


def _for_people(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """What only words are made of: texts, and what is said in a verdict."""
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr):
            yield from ast.walk(node)
        if isinstance(node, ast.keyword) and node.arg in _PEOPLE:
            yield from ast.walk(node.value)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(each, ast.Name) and each.id in _PEOPLE for each in targets) and node.value:
                yield from ast.walk(node.value)


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[compared]) if type(compared) in _COMPARED:
            yield lambda: _set(node, "ops", [_COMPARED[type(compared)]()])
        case ast.BoolOp(op=op):
            yield lambda: _set(node, "op", ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not()) as negated:
            yield lambda: _bare(negated)
        case ast.BinOp(op=ast.Add() | ast.Sub() as op):
            yield lambda: _set(node, "op", ast.Sub() if isinstance(op, ast.Add) else ast.Add())
        case ast.Constant(value=bool() as flag):
            yield lambda: _set(node, "value", not flag)
        case ast.Constant(value=int() | float() as number):
            yield lambda: _set(node, "value", number + 1)
        case ast.Attribute(value=ast.Name(id="Verdict"), attr=attr) if attr in _VERDICTS:
            yield lambda: _set(node, "attr", _VERDICTS[attr])
        case ast.Call(func=ast.Name(id="any" | "all" as name)) as call:
            yield lambda: _renamed(call, "all" if name == "any" else "any")


def _set(node: ast.AST, field: str, value: object) -> str:
    setattr(node, field, value)
    return ast.unparse(node)


def _bare(node: ast.UnaryOp) -> str:
    """``not x`` without its ``not``: twice negated, since a node cannot be replaced in place."""
    node.operand = ast.UnaryOp(op=ast.Not(), operand=node.operand)
    return ast.unparse(node)


def _renamed(node: ast.Call, name: str) -> str:
    node.func = ast.Name(id=name, ctx=ast.Load())
    return ast.unparse(node)


def _unguarded(case: ast.match_case) -> Change:
    def change() -> str:
        case.guard = None
        return "no guard"

    return change


def _inverted(node: ast.If | ast.IfExp) -> Change:
    def change() -> str:
        node.test = ast.UnaryOp(op=ast.Not(), operand=node.test)
        return f"if {ast.unparse(node.test)}"

    return change


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module other code than its file holds."""

    def __init__(self, name: str, file: Path, code: CodeType) -> None:
        self.name, self.file, self.code = name, file, code

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """Ours when it is the one."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.file, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """As usual."""
        del spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        """The mutated code."""
        exec(self.code, module.__dict__)  # noqa: S102 - our own source with one change


def survives(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Whether all *tests* pass with the mutant in the place of its module."""
    return played(mutant, tests) == 0


def played(mutant: Mutant, tests: Sequence[str]) -> int:
    """The test library's exit code over *tests*; -SIGALRM when the mutant keeps them busy without an end."""
    child = os.fork()
    if not child:
        _play(mutant, tests)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _play(mutant: Mutant, tests: Sequence[str]) -> None:
    import pytest

    code = 1
    with contextlib.suppress(BaseException):
        signal.alarm(_PATIENCE)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        name = ".".join(mutant.file.relative_to(ROOT).with_suffix("").parts)
        compiled = compile(mutant.tree, str(mutant.file), "exec")
        sys.meta_path.insert(0, _Instead(name, mutant.file, compiled))
        # Loaded before the test library could rewrite its assertions, of which it has none that matter here.
        calm = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        # A watchdog of the parent's test library is a lock in the child that nobody gives back: no faulthandler, whose
        # options stand in pyproject.toml all the same.
        without = [word for name in ("cacheprovider", "xdist", "faulthandler") for word in ("-p", f"no:{name}")]
        unknown = ("-o", "strict_config=false", "-W", "ignore::pytest.PytestConfigWarning")
        code = int(pytest.main(["-x", "-q", *without, *unknown, *calm, *tests]))
    os._exit(code)


def tests_of(file: Path) -> list[str]:
    """The tests of a module's own room, and those that are true of every room."""
    if file.parent.name != "promises":
        return [f"tests/test_{file.stem}.py"]
    return [*(f"tests/promises/{name}.py" for name in _TESTS.get(file.stem, (f"test_{file.stem}",))), *_ALSO]


def main(words: Sequence[str]) -> int:
    """Tell the score of each module and every survivor, and keep both; 1 below *--least*."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", nargs="*", type=Path)
    parser.add_argument("--list", action="store_true", help="say which mutants there are")
    parser.add_argument("--again", action="store_true", help="play modules that are as they were as well")
    parser.add_argument("--least", type=float, default=95.0, metavar="PERCENT", help="the score to reach")
    asked = parser.parse_args(words)
    files = [each.absolute() for each in asked.file] or every_module()
    if asked.list:
        sys.stdout.writelines(f"{each}\n" for file in files for each in mutants(file))
        return 0
    kept = mutation_page.read(ROOT)
    for file in files:
        name, digest = str(file.relative_to(ROOT)), _digest(file)
        if asked.again or kept.get(name, {}).get("digest") != digest:
            score = play(file)
            if score is None:
                return 1
            kept[name] = {"digest": digest, **score}
            mutation_page.write(ROOT, kept)
        alive, _ = mutation_page.told_apart(ROOT, kept[name])
        sys.stdout.writelines([*(f"  {each}\n" for each in alive), f"{_told(name, kept[name])}\n"])
        sys.stdout.flush()
    mutation_page.write(ROOT, kept)
    share = mutation_page.share(ROOT, [kept[str(file.relative_to(ROOT))] for file in files])
    sys.stdout.write(f"{share:.1f} % of all mutants that can be were noticed\n")
    return 0 if share >= asked.least else 1


def every_module() -> list[Path]:
    """The rooms, then the hall."""
    rooms = sorted((ROOT / "checks/promises").glob("[a-z]*.py"))
    return [*rooms, *(ROOT / "checks" / f"{one}.py" for one in _HALL)]


def play(file: Path) -> dict[str, Any] | None:
    """How many mutants of a module there are, and who survived; None when its own tests fail, which is told."""
    every, tests = list(mutants(file)), tests_of(file)
    if not every:  # a room of rows alone decides nothing itself
        return {"made": 0, "survivors": []}
    unchanged = Mutant(file, 0, "", "", ast.parse(file.read_text(encoding="utf-8")))
    if not survives(unchanged, tests):
        # A test that fails anyway would notice every mutant.
        sys.stdout.write(f"{file.relative_to(ROOT)}: its own tests fail: {' '.join(tests)}\n")
        return None
    return {"made": len(every), "survivors": [str(each) for each in every if survives(each, tests)]}


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    for each in (file, *(ROOT / name for name in tests_of(file))):
        digest.update(each.read_bytes() if each.exists() else b"")
    return digest.hexdigest()[:16]


def _told(name: str, score: Mapping[str, Any]) -> str:
    alive, same = mutation_page.told_apart(ROOT, score)
    counted = score["made"] - len(same)
    return f"{name}: {counted - len(alive)} of {counted} ({mutation_page.share(ROOT, [score]):.1f} %)"


if __name__ == "__main__":
    os.chdir(ROOT)
    # Loaded once, before any mutant is made; nothing of the harness itself may be.
    import hypothesis
    import pytest

    del hypothesis, pytest
    sys.exit(main(sys.argv[1:]))
