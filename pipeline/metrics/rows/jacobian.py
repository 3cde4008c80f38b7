"""Jacobian: J = ∂p/∂z = diag(p) − ppᵀ of a softmax row, and its two norms.

It is what a gradient passes through on its way from the weights to the logits, so its norm is how
much a row still learns: 0 where the softmax is saturated.

Rows p are ≥ 0 and sum to at most 1 (an off-by-one softmax or a sink leaves them short of it, and
J is the same expression). J is then symmetric and positive semi-definite, and with a sum of 1

    ‖J‖₂ ≤ max_i 2·p_i(1 − p_i) ≤ ½    (its largest absolute row sum, Gershgorin),

which is 2m(1 − m) where m = max p ≥ ½.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.records import Array
from pipeline.metrics.rows.chunks import row_chunks

Places = npt.NDArray[np.integer[Any]]

MAX_STEPS = 60  # the bound of a loop that ends by itself, most often after 1 to 4 steps


def jacobian(p: Array) -> Array:
    """J_ij = p_i·δ_ij − p_i·p_j of each row, [..., M] → [..., M, M].

    Symmetric, positive semi-definite; its rows sum to p_i·(1 − Σp), 0 for a softmax. Bridle 1990.

    >>> jacobian(np.array([0.25, 0.75])).tolist()
    [[0.1875, -0.1875], [-0.1875, 0.1875]]
    """
    return p[..., None] * (np.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])


def jacobian_frobenius(p: Array) -> Array:
    """‖J‖_F = √(Σp² − 2Σp³ + (Σp²)²), [..., M] → [...], in O(M) and without J.

    0 for a one-hot row, √(M−1)/M for M equal keys, so ½ for two. The three sums cancel near a
    one-hot row: the error is at most about √ε there (1e-8 in float64), and ε elsewhere.

    >>> jacobian_frobenius(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist()
    [0.5, 0.0]
    """
    with np.errstate(under="ignore"):  # a square too small to hold is zero
        return frobenius_from_sums(np.vecdot(p, p), np.vecdot(p * p, p))


def frobenius_from_sums(squares: Array, cubes: Array) -> Array:
    """‖J‖_F of rows with those Σp² and Σp³, any shape.

    >>> float(frobenius_from_sums(np.array(0.5), np.array(0.25)))
    0.5
    """
    return np.sqrt(np.maximum(squares - 2.0 * cubes + squares**2, 0.0))


def jacobian_spectral(p: Array) -> Array:
    """‖J‖₂, the largest eigenvalue of J, [..., M] → [...], in O(M) a row and without J.

    J is a diagonal minus rank one, so with p₁ ≥ p₂ the two largest entries its eigenvalues
    interlace them, p₂ ≤ λ ≤ p₁, and λ is the one root there of the secular equation (Golub 1973)

        p₁²/(p₁ − λ) = 1 + ψ(λ),    ψ(λ) = Σ_{i≥2} p_i²/(λ − p_i),

    whose left side rises and whose right side falls; where p₁ = p₂ it is that value. Exact to a
    few ε (1e-15 in float64, 1e-6 in float32), absolute; 0 for a one-hot row and for zeros, 1/M for
    M > 1 equal keys. Rows are ≥ 0 and sum to at most 1.

    >>> jacobian_spectral(np.array([[0.5, 0.5, 0.0], [0.9, 0.1, 0.0], [1.0, 0.0, 0.0]])).round(12)
    array([0.5 , 0.18, 0.  ])
    """
    with np.errstate(under="ignore"):  # a square too small to hold is zero
        squares, cubes = np.vecdot(p, p), np.vecdot(p * p, p)
    return spectral_from_sums(p.copy(), p.argmax(axis=-1), squares, cubes)


def spectral_from_sums(p: Array, best: Places, squares: Array, cubes: Array) -> Array:
    """`jacobian_spectral` of rows whose largest entry stands at `best`, with those Σp² and Σp³.

    Writes to the rows on its way, which are as they were when it returns.
    """
    rest = p.reshape(-1, p.shape[-1])
    entries, top = rest.reshape(-1), flat_indices(best, rest.shape[-1])
    first = entries[top]
    entries[top] = 0.0  # counts for nothing in ψ
    try:
        norms = largest_eigenvalues(rest, first, squares.reshape(-1), cubes.reshape(-1))
    finally:
        entries[top] = first
    return np.maximum(norms, 0.0).reshape(p.shape[:-1])


def flat_indices(best: Places, width: int) -> Places:
    """Where the entry at each row's `best` stands among those of all rows, one after another.

    >>> flat_indices(np.array([1, 0]), width=3).tolist()
    [1, 3]
    """
    return best.reshape(-1) + np.arange(0, best.size * width, width)


def largest_eigenvalues(rest: Array, first: Array, squares: Array, cubes: Array) -> Array:
    """λ of each row that has the entries of `rest` and, beside them, one larger `first`."""
    next_best = rest.argmax(axis=-1)  # sooner found than the maximum
    second = rest.reshape(-1)[flat_indices(next_best, rest.shape[-1])]
    limits = np.finfo(rest.dtype)
    with np.errstate(under="ignore", invalid="ignore"):  # of the branch not taken
        norms = first - first**2  # where nothing else has a weight to speak of
        norms[first == second] = first[first == second]
        open_rows = np.flatnonzero((second > limits.tiny / limits.eps) & (first > second))
        if open_rows.size:
            given = (first, second, squares, cubes)
            one, two, *moments = (of[open_rows] for of in given)
            rest = rest if len(open_rows) == len(rest) else rest[open_rows]
            norms[open_rows] = secular_root(rest, one, two, initial_root(one, two, *moments))
    return norms


def secular_root(rest: Array, first: Array, second: Array, t: Array) -> Array:
    """The root λ in (p₂, p₁) of p₁²/(p₁ − λ) = 1 + ψ(λ) for many rows; `rest` holds ψ's p_i.

    Written in t = λ − p₂, each term p_i²/(t + p₂ − p_i) of ψ is concave in 1/t. So its tangent
    there, ψ ≈ r + s/t, lies above ψ, and the root of the equation with r + s/t for ψ, a quadratic
    in t, lies above the true one: from whatever t they start, the steps (of Bunch, Nielsen and
    Sorensen 1978) go down to it from the second on, never past it, and near it square their error.
    A step of relative size r in t leaves an error below p₁²r²/16 in λ, as ψ_i is off by at most
    ψ_i·r²/4 and ψ/(1 + ψ)² ≤ ¼: a row is done once that is rounding.

    >>> rest, one = np.array([[0.25, 0.0]]), np.array([0.75])
    >>> secular_root(rest, one, 1 - one, one).round(12).tolist()
    [0.375]
    """
    eps = np.finfo(first.dtype).eps
    left, found = np.arange(len(first)), np.empty_like(first)
    for _ in range(MAX_STEPS):
        root = second + np.maximum(t, eps * second)  # λ above p₂: no division by 0
        now = root - second  # exactly
        value, slope = secular_sums(rest, root)
        slope *= now
        t = tangent_root(first - second, first, value - slope, slope * now)
        found[left] = second + t
        moved = np.abs(t - now)
        going = moved > 2.0 * eps * root
        going &= first * moved > 4.0 * t * np.sqrt(eps * found[left])
        if not going.any():
            break
        left, rest = left[going], rest[going]
        first, second, t = first[going], second[going], t[going]
    return found


def secular_sums(rest: Array, root: Array) -> tuple[Array, Array]:
    """ψ = Σ_i p_i²/(λ − p_i) and −ψ′ = Σ_i p_i²/(λ − p_i)² of every row, at its λ = `root`.

    >>> secular_sums(np.array([[0.25, 0.0]]), np.array([0.5]))
    (array([0.25]), array([1.]))
    """
    value, slope = np.empty((2, *root.shape), root.dtype)
    for part in row_chunks(*rest.shape):
        ratio = root[part, None] - rest[part]
        np.divide(rest[part], ratio, out=ratio)
        np.vecdot(ratio, ratio, out=slope[part])
        np.vecdot(rest[part], ratio, out=value[part])
    return value, slope


def initial_root(first: Array, second: Array, squares: Array, cubes: Array) -> Array:
    """t near the root, from the row's Σp² and Σp³ alone: all p_i but two put at their mean.

    With S = Σ_{i≥3} p_i² and x = Σ_{i≥3} p_i³/S, ψ ≈ p₂²/t + S/(t + p₂ − x), by one such step.

    >>> one = np.array([0.5])
    >>> (0.3 + initial_root(one, np.array([0.3]), np.array([0.38]), np.array([0.16]))).round(
    ...     6
    ... ).tolist()
    [0.388111]
    """
    largest, next_largest = first * first, second * second  # their squares
    others = np.maximum(squares - (largest + next_largest), 0.0)
    cubes = cubes - largest * first - next_largest * second
    mean = np.minimum(np.maximum(cubes / np.where(others > 0.0, others, 1.0), 0.0), second)
    width = first - second
    t = tangent_root(width, first, np.zeros_like(first), next_largest + others)
    t = np.maximum(t, np.finfo(t.dtype).eps * second)
    share = t / (t + second - mean)  # of 1/t
    part = others * share
    return tangent_root(width, first, part * (1.0 - share) / t, next_largest + part * share)


def tangent_root(width: Array, first: Array, constant: Array, residue: Array) -> Array:
    """The root t in (0, width) of p₁²/(width − t) = 1 + r + s/t, with r, s ≥ 0.

    (1 + r)·t² + b·t − s·width = 0 with b = p₁² − (1 + r)·width + s, taken by the formula that
    does not cancel.

    >>> tangent_root(np.array([0.5]), np.array([0.75]), np.zeros(1), np.array([0.0625])).tolist()
    [0.125]
    """
    lead = 1.0 + constant
    b = first**2 - lead * width + residue
    times = 2.0 * residue * width
    root = np.sqrt(b**2 + 2.0 * lead * times) + np.abs(b)
    return np.where(b > 0.0, times / root, root / (2.0 * lead))
