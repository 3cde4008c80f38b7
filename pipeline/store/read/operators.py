"""How a condition (`query`) compares and calculates: never an exception, false where undefined."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from pipeline.base.errors import UserError
from pipeline.base.values import NO_VALUE, is_number

EXAMPLE = (
    "expected a condition on settings and metrics, as in \"temperature < 1 and scale == 'none'\""
)
ORDER = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
ARITHMETIC = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip


def condition_error(why: str) -> UserError:
    """The error of a text that is not a condition."""
    return UserError(f"--where: {why}; {EXAMPLE}")


def within(left: Any, right: Any) -> bool:
    """Whether a value is in a list, or a text in a text."""
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    return isinstance(right, list) and left in right


def calculate(work: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """The result for two numbers; None, undefined, for anything else and where there is none."""
    if not (is_number(left) and is_number(right)):
        return None
    try:
        return work(left, right)
    except ArithmeticError:
        return None


def or_none(value: Any) -> Any:
    """A value, or the text for none where a metric is undefined."""
    return NO_VALUE if value is None else value


def ordered(kind: type[ast.cmpop]) -> Callable[[Any, Any], bool]:
    """< <= > >=, of two numbers or two texts; false of anything else."""
    if kind not in ORDER:
        raise condition_error("got `is`, expected == or !=")
    test = ORDER[kind]
    return lambda left, right: (
        (
            (is_number(left) and is_number(right))
            or (isinstance(left, str) and isinstance(right, str))
        )
        and bool(test(left, right))
    )


COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda left, right: or_none(left) == or_none(right),
    ast.NotEq: lambda left, right: or_none(left) != or_none(right),
    ast.In: within,
    ast.NotIn: lambda left, right: not within(left, right),
}
