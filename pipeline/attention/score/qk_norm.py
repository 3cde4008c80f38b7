"""QK-norm: queries and keys brought to one length, so that their product is bounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pipeline.base.records import Array


def none(vectors: Array, gain: npt.ArrayLike = 1.0, eps: float = 0.0) -> Array:
    """The vectors as they are, [..., N, D]."""
    return vectors


def l2(vectors: Array, gain: npt.ArrayLike = 1.0, eps: float = 1e-12) -> Array:
    """g·x/max(‖x‖₂, ε), [..., N, D] → the same: every vector has length g; zero stays zero.

    Henry et al. 2020, "Query-Key Normalization for Transformers": q·k is then a cosine, and the
    number that their learned g multiplies it by is the `scale`. |q·k| ≤ g², so no weight among n
    keys is above 1/(1 + (n − 1)·e^(−2·g²·scale)). `gain` is a number, or one per entry, [D].

    >>> l2(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    unit, length = scaled_by_max(vectors)
    size = np.sqrt(np.square(unit).sum(axis=-1, keepdims=True))
    return divide_with_gain(unit, np.maximum(size, scaled_eps(eps, length)), gain)


def rms(vectors: Array, gain: npt.ArrayLike = 1.0, eps: float = 1e-6) -> Array:
    """g·x/√(mean x² + ε), [..., N, D] → the same: every vector has length g·√D; zero stays zero.

    Zhang & Sennrich 2019, "Root Mean Square Layer Normalization", as applied to queries and keys
    by OLMo 2, Gemma 3 and Qwen 3. |q·k|/√d_k ≤ g²·√d_k. `gain` is a number, or one per entry, [D].

    >>> rms(np.array([[3.0, 4.0, 0.0, 0.0]]), eps=0.0).tolist()
    [[1.2, 1.6, 0.0, 0.0]]
    """
    unit, length = scaled_by_max(vectors)
    size = np.sqrt(np.square(unit).mean(axis=-1, keepdims=True))
    return divide_with_gain(unit, np.hypot(size, scaled_eps(np.sqrt(eps), length)), gain)


QK_NORMS: dict[str, Callable[..., Array]] = {"none": none, "l2": l2, "rms": rms}


def scaled_by_max(vectors: Array) -> tuple[Array, Array]:
    """Each vector over its largest |entry|, and that, [..., N, 1]: squares then never overflow.

    For a zero vector, itself and 1.
    """
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    largest = np.where(largest > 0, largest, largest.dtype.type(1))
    return vectors / largest, largest


def scaled_eps(eps: float, length: Array) -> Array:
    """ε relative to each vector's largest entry."""
    with np.errstate(over="ignore", under="ignore"):
        return length.dtype.type(eps) / length


def divide_with_gain(unit: Array, size: Array, gain: npt.ArrayLike) -> Array:
    """g·unit/size, zero where the vector is zero, in the vectors' own type."""
    nonzero = np.where(size > 0, size, size.dtype.type(1))
    return unit / nonzero * np.asarray(gain, dtype=unit.dtype)
