"""Values in a condition: a number, a text, a list, or None where it is undefined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def within(left: Any, right: Any) -> bool:
    """Whether a value is in a list, or a text in a text."""
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    return isinstance(right, list) and left in right


def calculated(work: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """The result for two numbers; None, undefined, for anything else and where there is none."""
    if not (is_number(left) and is_number(right)):
        return None
    try:
        return work(left, right)
    except ArithmeticError:
        return None


def is_number(value: object) -> bool:
    """An int or float; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
