"""The gate of the normalizers' settings."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from pipeline.faults import Fault, shorten

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


def check_count(value: object, setting: str, least: int, most: int | None = None) -> None:
    """Raise a `Fault` unless `value` is an integer of `least` or more, and no more than `most`.

    >>> check_count(0, "top_k.k", 1)
    Traceback (most recent call last):
    pipeline.faults.Fault: top_k.k: got 0, expected an integer >= 1
    """
    if not is_integer(value) or value < least or (most is not None and value > most):
        limits = f">= {least}" + (f" and <= {most}" if most is not None else "")
        raise Fault(f"{setting}: got {shorten(value)}, expected an integer {limits}")
