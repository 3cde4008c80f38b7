"""Entmax: from softmax (α → 1) to sparsemax (α = 2) and beyond."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer, row_max
from pipeline.attention.normalizers.sparsemax import sparsemax
from pipeline.attention.row_sums import divide_by_sum, near_max_sorted, sums, sums_in_order
from pipeline.base.errors import UserError, shorten
from pipeline.base.records import Array
from pipeline.base.specs import fits_float32


def entmax(alpha: float = 1.5) -> Normalizer:
    """p_j = max((α−1)·z_j − τ, 0)^(1/(α−1)) with τ such that Σ_j p_j = 1, for α > 1.

    Rows are ≥ 0 and sum to 1, and keys far enough below the maximum get exactly 0; a constant
    added to a row changes nothing. α = 1.5 and α = 2 (sparsemax) are exact, by sorting; others
    are bisected to the last bit; α → 1 is softmax.
    Peters, Niculae & Martins 2019, "Sparse Sequence-to-Sequence Models", eq. 10, alg. 1 and 2.

    >>> entmax().apply(np.array([[-2.0, 0.0, 0.5]]), None).round(3).tolist()
    [[0.0, 0.326, 0.674]]
    """
    if not fits_float32(alpha) or alpha <= 1.0:
        raise UserError(f"entmax.alpha: got {shorten(alpha)}, expected a finite number > 1")
    if alpha == 2.0:
        return sparsemax()
    by_bisection = partial(bisect, power=min(float(alpha) - 1.0, 1e30))
    return Normalizer(by_sorting if alpha == 1.5 else by_bisection, sums_to_one=True)


def by_sorting(logits: Array, head: int | None = None) -> Array:
    """The entmax of every row for α = 1.5, in place."""
    with np.errstate(over="ignore", under="ignore"):  # too far below the maximum; too near zero
        np.subtract(logits, row_max(logits), out=logits)
        logits *= 0.5
        nearest = near_max_sorted(logits, reach=1.0)  # τ ≥ −1: no weight below
        np.subtract(logits, newton_step(nearest, threshold(nearest)), out=logits)
        np.maximum(logits, 0.0, out=logits)
        return divide_by_sum(np.square(logits, out=logits))


def threshold(nearest: Array) -> Array:
    """τ, [..., N', 1], from halved gaps, descending: mean − √((1 − k·variance)/k) of k.

    >>> threshold(np.array([[0.0, 0.0, -1.0]])).round(4).tolist()
    [[-0.7071]]
    """
    rank = np.arange(1, nearest.shape[-1] + 1, dtype=nearest.dtype)
    mean = nearest.cumsum(axis=-1) / rank
    spread = np.square(nearest).cumsum(axis=-1) - rank * np.square(mean)
    tau = mean - np.sqrt(np.maximum(1.0 - spread, 0.0) / rank)
    support = np.count_nonzero(tau <= nearest, axis=-1, keepdims=True)
    return np.take_along_axis(tau, np.maximum(support, 1) - 1, axis=-1)


def newton_step(nearest: Array, tau: Array) -> Array:
    """τ after a Newton step on Σ_j max(g_j − τ, 0)² = 1, which corrects the rounding of the sums.

    >>> newton_step(np.array([[0.0, 0.0]]), np.array([[-0.7071]])).round(8).tolist()
    [[-0.70710678]]
    """
    gaps = np.maximum(nearest - tau, 0.0)
    slope = 2.0 * sums_in_order(gaps)
    slope[slope == 0.0] = 1.0
    return tau + ((sums_in_order(np.square(gaps)) - 1.0) / slope).astype(tau.dtype)


def bisect(logits: Array, head: int | None = None, *, power: float) -> Array:
    """The entmax of every row for α = 1 + `power`, in place.

    Bisects w = ln p of the largest weight, in [−ln k, 0] with k keys near the maximum: unlike τ it
    keeps its digits both for α → 1 and for a large α.
    """
    with np.errstate(over="ignore"):  # too far below the maximum: −∞
        np.subtract(logits, row_max(logits), out=logits)
    nearest = near_max_sorted(logits, reach=1.0 / power)
    high = np.zeros_like(nearest[..., :1])
    near = np.count_nonzero(nearest > -1.0 / power, axis=-1, keepdims=True)
    low = -np.log(np.maximum(near, 1)).astype(nearest.dtype)
    scratch = np.empty_like(nearest)
    for _ in range(np.finfo(nearest.dtype).nmant + 8):
        middle = 0.5 * (low + high)
        total = sums_in_order(weights_from_top(nearest, middle, power, out=scratch))
        np.copyto(high, middle, where=total >= 1.0)
        np.copyto(low, middle, where=total < 1.0)
    above = weights_from_top(logits, high, power, out=np.empty_like(logits))
    return divide_by_sum(interpolate(weights_from_top(logits, low, power, out=logits), above))


def interpolate(below: Array, above: Array) -> Array:
    """The point between two rows, one bit of w apart, that sums to 1; overwrites both.

    For a large α one bit of w changes a key at the edge of the support by far more than a bit.

    >>> interpolate(np.array([[0.75, 0.0]]), np.array([[0.75, 0.5]])).tolist()
    [[0.75, 0.25]]
    """
    np.subtract(above, below, out=above)
    gain = sums(above)
    gain[gain <= 0.0] = 1.0
    share = np.clip((1.0 - sums(below)) / gain, 0.0, 1.0)
    above *= share.astype(above.dtype)
    return np.add(below, above, out=below)


def weights_from_top(gaps: Array, top: Array, power: float, out: Array) -> Array:
    """p_j = exp(w)·(1 + a·g_j·exp(−a·w))^(1/a), g_j ≤ 0 the gaps to a maximum of weight exp(w).

    >>> weights_from_top(
    ...     np.array([[0.0, -0.5, -2.5]]), np.log([[0.75]]), 1.0, np.empty((1, 3))
    ... ).round(12)
    array([[0.75, 0.25, 0.  ]])
    """
    headroom = math.log(np.finfo(gaps.dtype).max) - max(math.log(power), 0.0) - 1.0
    with np.errstate(over="ignore", under="ignore", divide="ignore"):  # ln 0 is a weight of zero
        np.multiply(gaps, power * np.exp(np.minimum(-power * top, headroom)), out=out)
        np.maximum(out, -1.0, out=out)
        np.log1p(out, out=out)
        out /= power
        out += top
        return np.exp(out, out=out)
