"""A setting's value: one text for it everywhere, and one order.

The text is the same in terminal, CSV, figures, page and conditions (`--where`). A variant with
settings is one value: {entmax: {alpha: 1.5}} is written `entmax alpha=1.5`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NO_VALUE = "none"  # how a setting that is null is written


def format_value(value: object) -> str:
    """A setting's value as text.

    >>> format_value(None), format_value([]), format_value(True), format_value(2.0)
    ('none', 'none', 'true', '2')
    >>> format_value({"window": {"left": 2}}), format_value(["causal", {"entmax": {"alpha": 1.5}}])
    ('window left=2', 'causal + entmax alpha=1.5')
    >>> format_value({"any": ["causal", {"window": {"left": 2}}]}), format_value([1, 2.5])
    ('causal | window left=2', '1, 2.5')
    """
    if value is None or value == []:
        return NO_VALUE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format_float(value)
    if isinstance(value, Mapping):
        return format_mapping(value)
    if isinstance(value, list | tuple):
        is_spec = any(isinstance(part, str | Mapping) for part in value)
        return (" + " if is_spec else ", ").join(map(format_value, value))
    return str(value)


def format_float(value: float) -> str:
    """The shortest text that reads back to the same number, without a trailing ".0".

    >>> format_float(2.0), format_float(0.1), format_float(1e-7), format_float(123456.75)
    ('2', '0.1', '1e-07', '123456.75')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def format_mapping(value: Mapping[Any, Any]) -> str:
    """A variant with its settings, a choice of several, or settings on their own."""
    if list(value) == ["any"] and isinstance(value["any"], list | tuple):
        return " | ".join(map(format_value, value["any"]))
    parts = []
    for name, inside in value.items():
        if inside is None or inside == {}:
            parts.append(str(name))
        elif isinstance(inside, Mapping):
            parts.append(f"{name} {format_mapping(inside)}")
        else:
            parts.append(f"{name}={format_value(inside)}")
    return " ".join(parts)


def plain_value(value: object) -> Any:
    """A value as a table holds it: numbers, texts, true and false as they are, others as text.

    >>> plain_value(2.0), plain_value(None), plain_value({"entmax": {"alpha": 1.5}})
    (2.0, 'none', 'entmax alpha=1.5')
    """
    return value if isinstance(value, str | int | float) else format_value(value)


def is_number(value: object) -> bool:
    """Whether a value is a number; booleans do not count.

    >>> is_number(2), is_number(True), is_number("2")
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool)


def sort_key(value: object) -> tuple[int, Any]:
    """Orders values of any kind: null first, then numbers, then texts.

    >>> sorted(["b", 2, "none", "a", 1.5], key=sort_key)
    ['none', 1.5, 2, 'a', 'b']
    """
    if value is None or value == NO_VALUE:
        return (0, 0)
    return (1, value) if is_number(value) else (2, format_value(value))


def sorted_values(values: Any) -> list[Any]:
    """Distinct values in order: numbers ascending, after none; texts alone as they first appear.

    >>> sorted_values([2, "none", 1, 2]), sorted_values(["sqrt_dk", "none", "sqrt_dk"])
    (['none', 1, 2], ['sqrt_dk', 'none'])
    """
    distinct = list(dict.fromkeys(values))
    return sorted(distinct, key=sort_key) if any(map(is_number, distinct)) else distinct
