"""Metric maths, as far as alarms on rates use it: arithmetic, comparisons, IF and FILL over one period's values."""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Query = Mapping[str, Any]
Values = Mapping[str, float | None]

_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.Gt: operator.gt, ast.Lt: operator.lt, ast.GtE: operator.ge, ast.LtE: operator.le,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_FUNCTIONS: Mapping[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


def check(queries: Sequence[Query]) -> None:
    """Every expression is understood, and exactly one query returns data.

    Raises ValueError that names the expression.
    """
    names: dict[str, float | None] = {str(each.get("Id")): 1.0 for each in queries}
    for each in queries:
        if each.get("Expression"):
            _evaluate(_parse(str(each["Expression"])), names)
    returned = sum(_returns(each) for each in queries)
    if queries and returned != 1:
        raise ValueError(f"exactly one of an alarm's metrics returns data, {returned} do")


def result(queries: Sequence[Query], values: Values) -> float | None:
    """The value of the query that returns data, from those of the metrics; None when it has none."""
    known = dict(values)
    # An expression may use one that stands after it, so they are worked out as often as there are any.
    for _ in queries:
        for each in queries:
            if each.get("Expression"):
                known[each["Id"]] = _evaluate(_parse(str(each["Expression"])), {**_unknown(queries), **known})
    return next(known.get(each["Id"]) for each in queries if _returns(each))


def _returns(query: Query) -> bool:
    return str(query.get("ReturnData", True)).lower() == "true"


def _unknown(queries: Sequence[Query]) -> dict[str, float | None]:
    return {each["Id"]: None for each in queries}


@functools.lru_cache(maxsize=256)
def _parse(expression: str) -> ast.expr:
    try:
        # The power sign of metric maths binds more tightly than Python's `^`, which is another thing.
        return ast.parse(expression.strip().replace("^", "**"), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"the expression {expression!r} is not understood by the twin") from error


def _evaluate(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _evaluate(operand, values)
            return None if value is None else -value
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            return _combined(op, _evaluate(left, values), _evaluate(right, values), node)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _called(name.upper(), [_evaluate(each, values) for each in arguments], node)
        case _:
            raise _not_understood(node)


def _combined(op: ast.AST, left: float | None, right: float | None, node: ast.expr) -> float | None:
    if type(op) not in _OPERATORS:
        raise _not_understood(node)
    # CloudWatch has no data point where one of the two is missing, nor where something is divided by zero.
    if left is None or right is None or (isinstance(op, ast.Div) and right == 0):
        return None
    return float(_OPERATORS[type(op)](left, right))


def _called(name: str, arguments: list[float | None], node: ast.expr) -> float | None:
    match name, arguments:
        case "FILL", [value, instead]:
            return instead if value is None else value
        case "IF", [condition, then, otherwise]:
            return None if condition is None else (then if condition else otherwise)
        case _, [value] if name in _FUNCTIONS:
            return None if value is None else float(_FUNCTIONS[name](value))
        case _:
            raise _not_understood(node)


def _not_understood(node: ast.expr) -> ValueError:
    return ValueError(f"metric maths: {ast.unparse(node)!r} is not understood by the twin")
