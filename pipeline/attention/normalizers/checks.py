"""The gate of the normalizers' settings."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

LARGEST = float(np.finfo(np.float32).max)


def is_integer(value: object) -> TypeGuard[int]:
    """Whether `value` is an integer and no boolean.

    >>> is_integer(2), is_integer(True), is_integer(2.0)
    (True, False, False)
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a real number, finite in float32, and no boolean.

    >>> is_number(2), is_number(True), is_number(float("nan")), is_number("2")
    (True, False, False, False)
    """
    if isinstance(value, float | np.floating) or is_integer(value):
        return bool(-LARGEST <= value <= LARGEST)
    return False
