"""Settings that differ by layer or by head: {every: 1.0, 0: 0.5, 3-5: 2.0}.

A number names one layer, counted from 0; `3-5` names layers 3, 4 and 5; `every` is the value of all
that are not named. One layer by its own number comes before a range, and a range before `every`.
By head the same stands under `heads`: {heads: {every: 1.0, 0: 0.5}}, which may in turn be the value
of a layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.base.errors import UserError, shorten

EVERY, HEADS = "every", "heads"
KEY = re.compile(r"every|\d{1,6}|\d{1,6}-\d{1,6}")


def is_by_index(value: object) -> bool:
    """Whether a value is written by layer (or, inside `heads`, by head).

    >>> is_by_index({"every": 1.0, 0: 0.5}), is_by_index({"window": {"left": 2}}), is_by_index(1.0)
    (True, False, False)
    """
    is_mapping = isinstance(value, Mapping) and len(value) > 0
    return is_mapping and all(KEY.fullmatch(str(key)) for key in value)  # type: ignore[attr-defined]


def is_by_head(value: object) -> bool:
    """Whether a value is written by head.

    >>> is_by_head({"heads": {"every": 1.0, 0: 0.5}}), is_by_head({"every": 1.0})
    (True, False)
    """
    return isinstance(value, Mapping) and list(value) == [HEADS] and is_by_index(value[HEADS])


def at_index(value: Any, index: int) -> Any:
    """The value of one layer or head; a value that is the same for all is that value.

    >>> [at_index({"every": 1.0, "0": 0.5, "3-5": 2.0}, layer) for layer in (0, 1, 4)]
    [0.5, 1.0, 2.0]
    """
    if not is_by_index(value):
        return value
    by_key = {str(key): inside for key, inside in value.items()}
    if str(index) in by_key:
        return by_key[str(index)]
    for key, inside in by_key.items():
        if "-" in key and index in indices_of(key):
            return inside
    return by_key[EVERY]


def indices_of(key: str) -> range:
    """The indices that a key other than `every` names.

    >>> indices_of("3-5"), indices_of("7")
    (range(3, 6), range(7, 8))
    """
    first, _, last = key.partition("-")
    return range(int(first), int(last or first) + 1)


def map_by_index(check: Callable[[Any], Any], value: Any) -> Any:
    """`check` of each value, with keys as text; of the value itself where it is the same for all.

    >>> map_by_index(float, {"every": 1, 0: 2}), map_by_index(float, 3)
    ({'every': 1.0, '0': 2.0}, 3.0)
    """
    if is_by_index(value):
        return {str(key): check(inside) for key, inside in value.items()}
    return check(value)


def map_by_head(check: Callable[[Any], Any], value: Any) -> Any:
    """The same for a value that may be written by head.

    >>> map_by_head(float, {"heads": {"every": 1, 0: 2}})
    {'heads': {'every': 1.0, '0': 2.0}}
    """
    if is_by_head(value):
        return {HEADS: map_by_index(check, value[HEADS])}
    return check(value)


def check_indices(value: Any, count: int, what: str, unit: str = "layer") -> None:
    """Every index that is named is there, none twice, and each has a value.

    >>> check_indices({"every": 1.0, "0": 0.5}, 2, "attention.temperature")
    """
    if not is_by_index(value):
        return
    named: dict[int, str] = {}
    for key in map(str, value):
        if key == EVERY:
            continue
        indices = indices_of(key)
        last = f"expected {unit}s 0 to {count - 1}"
        if not indices or indices[-1] >= count:
            raise UserError(f"{what}: got {unit} {shorten(key)}, {last}")
        for index in indices if "-" in key else ():
            if index in named:
                raise UserError(f"{what}: {unit} {index} is in both {named[index]} and {key}")
            named[index] = key
    singles = {int(key) for key in map(str, value) if key.isdecimal()}
    missing = set(range(count)) - set(named) - singles
    if missing and EVERY not in value:
        raise UserError(f"{what}: {unit} {min(missing)} has no value; expected one, or {EVERY}")


def expand_by_head(value: Any, count: int, what: str) -> Any:
    """A value as it is, or one value per head, a list of `count`, where it is written by head.

    >>> (
    ...     expand_by_head({"heads": {"every": 1.0, "0": 0.5}}, 3, "attention.temperature"),
    ...     expand_by_head(2.0, 3, ""),
    ... )
    ([0.5, 1.0, 1.0], 2.0)
    """
    if not is_by_head(value):
        return value
    check_indices(value[HEADS], count, what, "head")
    return [at_index(value[HEADS], head) for head in range(count)]
