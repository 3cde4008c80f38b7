"""The gate of `attend`: what arrays it takes, and how their axes must fit."""

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
KEPT_DTYPES = frozenset(map(np.dtype, (np.float32, np.float64)))  # the types that stay as they are


def as_floats(array: npt.ArrayLike, name: str) -> Array:
    """`array` as floating point of at least single precision, with two axes or more."""
    try:
        given = np.asarray(array)
    except ValueError:
        raise UserError(
            f"{name}: got rows of several lengths, expected real numbers {AXES[name]}"
        ) from None
    if given.dtype.kind not in "fiu" or given.ndim < 2:
        raise UserError(
            f"{name}: got {given.dtype} of shape {given.shape}, expected real numbers {AXES[name]}"
        )
    floats: npt.NDArray[Any] = given
    if given.dtype not in KEPT_DTYPES:
        floats = given.astype(np.float32 if given.dtype == np.float16 else np.float64)
    return floats


def check_finite(array: Array, name: str) -> None:
    """Raise a `UserError` where `array` holds NaN or infinity."""
    if not is_finite(array):
        raise UserError(f"{name}: holds NaN or infinity, expected finite numbers")


def is_finite(array: Array) -> bool:
    """Whether no entry is NaN or infinite; a finite sum of squares, which BLAS has fast, says so.

    >>> is_finite(np.array([1e300])), is_finite(np.array([1.0, np.nan]))
    (True, False)
    """
    if array.flags.c_contiguous and math.isfinite(np.vdot(array, array)):
        return True
    return bool(np.isfinite(array).all())


def squares_safely(array: Array) -> bool:
    """Whether its largest entry is far from both ends of its type, as the sum of squares says.

    >>> [squares_safely(np.array([size, 0.0])) for size in (1.0, 1e200, 1e-200)]
    [True, False, False]
    """
    return square_in_range(float(np.vdot(array, array)), array.dtype)


def square_in_range(squares: float, dtype: np.dtype[Any]) -> bool:
    """Whether a sum of squares of that type is neither too large nor too small for it, nor NaN."""
    return float(np.finfo(dtype).tiny) <= squares < math.inf


def check_no_overflow(what: str, expected: str, *arrays: Array) -> None:
    """Raise a `UserError` where `what` went beyond the numbers of its type."""
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
    three = query, key, value
    if 0 in query.shape + key.shape + value.shape:
        raise UserError(
            f"attend: an axis of length 0 in {format_shapes(*three)}; expected at least one of each"
        )
    if query.shape[-1] != key.shape[-1]:
        raise UserError(
            f"attend: the key width D differs, query has {query.shape[-1]} and key "
            f"{key.shape[-1]}; expected query [..., N, D] and key [..., M, D], got {format_shapes(*three)}"
        )
    if key.shape[-2] != value.shape[-2]:
        raise UserError(
            f"attend: the number of keys M differs, key has {key.shape[-2]} and value "
            f"{value.shape[-2]}; expected key [..., M, D] and value [..., M, E], got "
            f"{format_shapes(*three)}"
        )
    for name, array in (("key", key), ("value", value)):
        heads, given = (a.shape[-3] if a.ndim > 2 else 1 for a in (query, array))
        if heads % given and given != 1 and heads != 1:
            raise UserError(
                f"attend: {heads} query heads H are no multiple of {given} {name} heads; "
                f"expected a count that divides, got {format_shapes(*three)}"
            )


def format_shapes(query: Array, key: Array, value: Array) -> str:
    """Their shapes, in a message."""
    return f"query {query.shape}, key {key.shape}, value {value.shape}"


def leading_axes(query: Array, key: Array, value: Array) -> tuple[int, ...]:
    """The axes before N and D that all three broadcast to, heads that are shared counted as many.

    >>> leading_axes(np.zeros((3, 8, 5, 4)), np.zeros((2, 6, 4)), np.zeros((2, 6, 4)))
    (3, 8)
    """
    if query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:
        return query.shape[:-2]
    heads = query.shape[-3] if query.ndim > 2 else 1
    shapes = [query.shape[:-2]]
    for array in (key, value):
        own = array.shape[:-2]
        shapes.append((*own[:-1], heads) if own and heads > 1 else own)
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise UserError(
            f"attend: leading axes do not broadcast, got {format_shapes(query, key, value)}; "
            "expected axes of equal length or 1"
        ) from None


def to_every_head(array: Array, leading: tuple[int, ...]) -> Array:
    """Each head of a key or value repeated for the group of query heads that shares it.

    >>> to_every_head(np.zeros((2, 5, 4)), leading=(6,)).shape
    (6, 5, 4)
    """
    own = array.shape[:-2]
    if own == leading:
        return array
    for axis, (count, whole) in enumerate(
        zip(own, leading[len(leading) - len(own) :], strict=True)
    ):
        if count not in (1, whole):
            array = array.repeat(whole // count, axis=axis)
    return array
