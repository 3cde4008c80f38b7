"""The largest eigenvalue of diag(p) − ppᵀ: the root λ of a secular equation (Golub 1973).

With p₁ ≥ p₂ the two largest entries of p, λ is the root in (p₂, p₁) of

    p₁²/(p₁ − λ) = 1 + ψ(λ),    ψ(λ) = Σ_{i≥2} p_i²/(λ − p_i).

Many rows are solved at once; each array has one entry per row.
"""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Positions
from pipeline.metrics.rows.chunks import row_chunks

MAX_STEPS = 60  # never reached: most rows take 1 to 4 steps


def flat_indices(columns: Positions, width: int) -> Positions:
    """The index of one column per row among the entries of all rows, row by row.

    >>> flat_indices(np.array([1, 0]), width=3).tolist()
    [1, 3]
    """
    return columns.reshape(-1) + np.arange(0, columns.size * width, width)


def largest_eigenvalues(rest: Array, first: Array, squares: Array, cubes: Array) -> Array:
    """λ of each row: its largest entry p₁ is in `first`, the others and a 0 in its place in `rest`.

    `squares` and `cubes` are Σp² and Σp³ over the whole row.
    """
    runner_up = rest.argmax(axis=-1)  # faster than the maximum
    second = rest.reshape(-1)[flat_indices(runner_up, rest.shape[-1])]
    limits = np.finfo(rest.dtype)
    with np.errstate(under="ignore", invalid="ignore"):  # of the branch not taken
        roots = first - first**2  # where all other weights are negligible
        roots[first == second] = first[first == second]
        unsolved = np.flatnonzero((second > limits.tiny / limits.eps) & (first > second))
        if unsolved.size:
            p1, p2, *sums = (array[unsolved] for array in (first, second, squares, cubes))
            rest = rest if len(unsolved) == len(rest) else rest[unsolved]
            roots[unsolved] = secular_root(rest, p1, p2, initial_root(p1, p2, *sums))
    return roots


def secular_root(rest: Array, first: Array, second: Array, t: Array) -> Array:
    """The root λ in (p₂, p₁), from a start at λ = p₂ + t; `rest` holds the p_i of ψ.

    Written in t = λ − p₂, each term p_i²/(t + p₂ − p_i) of ψ is concave in 1/t. So its tangent
    there, ψ ≈ r + s/t, lies above ψ, and the root of the equation with r + s/t for ψ, a quadratic
    in t, lies above the true one: from any start, the steps (of Bunch, Nielsen and Sorensen 1978)
    decrease from the second on, never pass the root, and converge quadratically. A step of
    relative size r in t leaves an error below p₁²r²/16 in λ, as ψ_i is off by at most ψ_i·r²/4 and
    ψ/(1 + ψ)² ≤ ¼: a row is done once that is rounding.

    >>> rest, one = np.array([[0.25, 0.0]]), np.array([0.75])
    >>> secular_root(rest, one, 1 - one, one).round(12).tolist()
    [0.375]
    """
    eps = np.finfo(first.dtype).eps
    unsolved, result = np.arange(len(first)), np.empty_like(first)
    for _ in range(MAX_STEPS):
        root = second + np.maximum(t, eps * second)  # λ above p₂: no division by 0
        current = root - second  # exact
        value, slope = secular_sums(rest, root)
        slope *= current
        t = tangent_root(first - second, first, value - slope, slope * current)
        result[unsolved] = second + t
        step = np.abs(t - current)
        going = step > 2.0 * eps * root
        going &= first * step > 4.0 * t * np.sqrt(eps * result[unsolved])
        if not going.any():
            break
        unsolved, rest = unsolved[going], rest[going]
        first, second, t = first[going], second[going], t[going]
    return result


def secular_sums(rest: Array, root: Array) -> tuple[Array, Array]:
    """ψ = Σ_i p_i²/(λ − p_i) and −ψ′ = Σ_i p_i²/(λ − p_i)² of every row, at its λ = `root`.

    >>> secular_sums(np.array([[0.25, 0.0]]), np.array([0.5]))
    (array([0.25]), array([1.]))
    """
    value, slope = np.empty((2, *root.shape), root.dtype)
    for chunk in row_chunks(*rest.shape):
        ratio = root[chunk, None] - rest[chunk]
        np.divide(rest[chunk], ratio, out=ratio)
        np.vecdot(ratio, ratio, out=slope[chunk])
        np.vecdot(rest[chunk], ratio, out=value[chunk])
    return value, slope


def initial_root(first: Array, second: Array, squares: Array, cubes: Array) -> Array:
    """t near the root, from the row's Σp² and Σp³ alone: all p_i but two replaced by their mean.

    With S = Σ_{i≥3} p_i² and x = Σ_{i≥3} p_i³/S, ψ ≈ p₂²/t + S/(t + p₂ − x), by one tangent step.

    >>> p1, p2 = np.array([0.5]), np.array([0.3])
    >>> (p2 + initial_root(p1, p2, np.array([0.38]), np.array([0.16]))).round(6).tolist()
    [0.388111]
    """
    first_squared, second_squared = first * first, second * second
    others = np.maximum(squares - (first_squared + second_squared), 0.0)
    cubes = cubes - first_squared * first - second_squared * second
    mean = np.minimum(np.maximum(cubes / np.where(others > 0.0, others, 1.0), 0.0), second)
    width = first - second
    t = tangent_root(width, first, np.zeros_like(first), second_squared + others)
    t = np.maximum(t, np.finfo(t.dtype).eps * second)
    share = t / (t + second - mean)  # of 1/t
    part = others * share
    return tangent_root(width, first, part * (1.0 - share) / t, second_squared + part * share)


def tangent_root(width: Array, first: Array, constant: Array, residue: Array) -> Array:
    """The root t in (0, width) of p₁²/(width − t) = 1 + r + s/t.

    `constant` is r, `residue` is s, both ≥ 0. Then (1 + r)·t² + b·t − s·width = 0 with
    b = p₁² − (1 + r)·width + s, solved by the formula that does not cancel.

    >>> tangent_root(np.array([0.5]), np.array([0.75]), np.zeros(1), np.array([0.0625])).tolist()
    [0.125]
    """
    lead = 1.0 + constant
    b = first**2 - lead * width + residue
    times = 2.0 * residue * width
    root = np.sqrt(b**2 + 2.0 * lead * times) + np.abs(b)
    return np.where(b > 0.0, times / root, root / (2.0 * lead))
