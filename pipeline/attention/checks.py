"""Checks of the arrays of `attend`: their types, and how their axes must fit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.errors import UserError
from pipeline.base.records import Array

AXES = {
    "query": "[..., N, D]",
    "key": "[..., M, D]",
    "value": "[..., M, E]",
    "upstream": "[..., N, E]",
}
KEPT_DTYPES = frozenset(map(np.dtype, (np.float32, np.float64)))  # others are converted


def as_floats(array: npt.ArrayLike, name: str) -> Array:
    """`array` as floating point of at least single precision, with two axes or more."""
    try:
        raw = np.asarray(array)
    except ValueError:
        raise UserError(
            f"{name}: got rows of several lengths, expected real numbers {AXES[name]}"
        ) from None
    if raw.dtype.kind not in "fiu" or raw.ndim < 2:
        raise UserError(
            f"{name}: got {raw.dtype} of shape {raw.shape}, expected real numbers {AXES[name]}"
        )
    floats: npt.NDArray[Any] = raw
    if raw.dtype not in KEPT_DTYPES:
        floats = raw.astype(np.float32 if raw.dtype == np.float16 else np.float64)
    return floats


def check_finite(array: Array, name: str) -> None:
    """Raise a `UserError` where `array` holds NaN or infinity."""
    if not is_finite(array):
        raise UserError(f"{name}: holds NaN or infinity, expected finite numbers")


def is_finite(array: Array) -> bool:
    """Whether no entry is NaN or infinite; a finite sum of squares, fast in BLAS, proves it.

    >>> is_finite(np.array([1e300])), is_finite(np.array([1.0, np.nan]))
    (True, False)
    """
    if array.flags.c_contiguous and math.isfinite(np.vdot(array, array)):
        return True
    return bool(np.isfinite(array).all())


def square_in_range(squares: float, dtype: np.dtype[Any]) -> bool:
    """Whether a sum of squares neither overflowed nor underflowed its type, and is not NaN."""
    return float(np.finfo(dtype).tiny) <= squares < math.inf


def check_no_overflow(what: str, expected: str, *arrays: Array) -> None:
    """Raise a `UserError` where `what` overflowed its type."""
    for array in arrays:
        if not is_finite(array):
            raise UserError(
                f"{what} overflow {array.dtype}; expected {expected} with which a {array.dtype} "
                "can hold them"
            )


def to_common_dtype(*arrays: Array) -> tuple[Array, ...]:
    """The arrays in the widest of their types."""
    if len({array.dtype for array in arrays}) == 1:
        return arrays
    widest = np.result_type(*arrays)
    return tuple(array.astype(widest, copy=False) for array in arrays)


def check_shapes(query: Array, key: Array, value: Array) -> None:
    """query [..., N, D], key [..., M, D] and value [..., M, E] must agree on D, M and heads."""
    shapes = format_shapes(query, key, value)
    if 0 in query.shape + key.shape + value.shape:
        raise UserError(f"attend: an axis of length 0 in {shapes}; expected at least one of each")
    if query.shape[-1] != key.shape[-1]:
        raise UserError(
            f"attend: the key width D differs, query has {query.shape[-1]} and key "
            f"{key.shape[-1]}; expected query [..., N, D] and key [..., M, D], got {shapes}"
        )
    if key.shape[-2] != value.shape[-2]:
        raise UserError(
            f"attend: the number of keys M differs, key has {key.shape[-2]} and value "
            f"{value.shape[-2]}; expected key [..., M, D] and value [..., M, E], got "
            f"{shapes}"
        )
    for name, array in (("key", key), ("value", value)):
        heads, shared = (a.shape[-3] if a.ndim > 2 else 1 for a in (query, array))
        if heads % shared and shared != 1 and heads != 1:
            raise UserError(
                f"attend: {heads} query heads H are no multiple of {shared} {name} heads; "
                f"expected a count that divides, got {shapes}"
            )


def format_shapes(query: Array, key: Array, value: Array) -> str:
    """Their shapes, in a message."""
    return f"query {query.shape}, key {key.shape}, value {value.shape}"


def leading_axes(query: Array, key: Array, value: Array) -> tuple[int, ...]:
    """The axes before N and D that all three broadcast to, with as many heads as query.

    >>> leading_axes(np.zeros((3, 8, 5, 4)), np.zeros((2, 6, 4)), np.zeros((2, 6, 4)))
    (3, 8)
    """
    if query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:
        return query.shape[:-2]
    heads = query.shape[-3] if query.ndim > 2 else 1
    shapes = [query.shape[:-2]]
    for array in (key, value):
        axes = array.shape[:-2]
        shapes.append((*axes[:-1], heads) if axes and heads > 1 else axes)
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise UserError(
            f"attend: leading axes do not broadcast, got {format_shapes(query, key, value)}; "
            "expected axes of equal length or 1"
        ) from None


def to_every_head(array: Array, leading: tuple[int, ...]) -> Array:
    """Each key or value head repeated for the group of query heads that shares it.

    >>> to_every_head(np.zeros((2, 5, 4)), leading=(6,)).shape
    (6, 5, 4)
    """
    axes = array.shape[:-2]
    if axes == leading:
        return array
    totals = leading[len(leading) - len(axes) :]
    for axis, (length, total) in enumerate(zip(axes, totals, strict=True)):
        if length not in (1, total):
            array = array.repeat(total // length, axis=axis)
    return array
