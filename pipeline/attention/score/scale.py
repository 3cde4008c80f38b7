"""Scale: what q·k is multiplied by before the softmax, one number or one per query."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.records import Array
from pipeline.base.registry import lookup
from pipeline.base.specs import finite

Counts = npt.NDArray[np.integer[Any]]  # [..., N, 1], how many keys each query may attend to
Scale = Callable[[int, Counts | None, float], float | Array]


def sqrt_dk(width: int, counts: Counts | None = None, factor: float = 1.0) -> float:
    """1/√d_k: undoes Var(q·k) = d_k, so that the scores have unit variance at any width.

    Vaswani et al. 2017, §3.2.1 and footnote 4.

    >>> sqrt_dk(64)
    0.125
    """
    return 1.0 / math.sqrt(width)


def none(width: int, counts: Counts | None = None, factor: float = 1.0) -> float:
    """1: the plain dot product, the ablation of the √d_k.

    >>> none(64)
    1.0
    """
    return 1.0


def dk(width: int, counts: Counts | None = None, factor: float = 1.0) -> float:
    """1/d_k: keeps the score of *aligned* q and k, which grows as d_k, the same at any width.

    Yang et al. 2022, "Tensor Programs V" (muP), definition 4.1: training aligns q with k, so the
    law of large numbers (q·k ~ d_k) and not the central limit (q·k ~ √d_k) sets the scale.

    >>> dk(64)
    0.015625
    """
    return 1.0 / width


def log_n(width: int, counts: Counts | None = None, factor: float = 1.0) -> Array:
    """s·ln(n)/√d_k, n the keys that the query may attend to: sharp at any length, [..., N, 1].

    Scalable softmax, Nakanishi 2025, "Scalable-Softmax Is Superior for Attention"; s is learned
    there, and given as `factor` here; Chiang & Cholak 2022 with s = 1. It makes p_j ∝ n^(s·z_j):
    a key ahead of all others by Δ keeps its weight as n grows where s·Δ > 1. ln n must *multiply*:
    subtracting it would shift all logits of a row alike, which changes no softmax. A query with at
    most one key gets 0, as its weights do not depend on its scores.

    >>> log_n(4, np.array([[1], [100]])).round(4).tolist()
    [[0.0], [2.3026]]
    """
    assert counts is not None, "log_n reads the counts of allowed keys"
    return factor * np.log(np.maximum(counts, 1)) * sqrt_dk(width)


SCALES: dict[str, Scale] = {"sqrt_dk": sqrt_dk, "none": none, "dk": dk, "log_n": log_n}
NEEDS_COUNTS = frozenset({"log_n"})  # the scales that read the counts


def multiplier(
    scale: str | float, width: int, counts: Counts | None = None, log_n_factor: float = 1.0
) -> float | Array:
    """What multiplies QKᵀ: a scale by name, from the key width D and the counts, or a number.

    counts [..., N, 1] → one number for all queries, or one per query, float64 [..., N, 1].

    >>> multiplier("sqrt_dk", 4), multiplier(0.3, 4)
    (0.5, 0.3)
    """
    if isinstance(scale, str):
        return lookup(SCALES, scale, "attention.scale")(width, counts, log_n_factor)
    return finite(scale, "attention.scale", expected="a name or a finite number")
