"""Jacobian: J = ∂p/∂z = diag(p) − ppᵀ of a softmax row, and its two norms.

It is what a gradient passes through on its way from the weights to the logits, so its norm is how
much a row still learns: 0 where the softmax is saturated.

Rows p are ≥ 0 and sum to at most 1 (an off-by-one softmax or a sink leaves them short of it, and
J is the same expression). J is then symmetric and positive semi-definite, and with a sum of 1

    ‖J‖₂ ≤ max_i 2·p_i(1 − p_i) ≤ ½    (its largest absolute row sum, Gershgorin),

which is 2m(1 − m) where m = max p ≥ ½.
"""

from __future__ import annotations

import numpy as np

from pipeline.records import Array

STEPS = 60  # the bound of a loop that ends by itself, most often after 2 to 6 steps


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
    square = p * p
    squares, cubes = square.sum(axis=-1), np.einsum("...j,...j->...", square, p)
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
    rows = p.reshape(-1, p.shape[-1])
    where = rows.argmax(axis=-1)[:, None]
    first = np.take_along_axis(rows, where, axis=-1)[:, 0]
    rest = rows.copy()
    np.put_along_axis(rest, where, 0.0, axis=-1)  # counts for nothing in ψ
    second = rest.max(axis=-1)
    limits = np.finfo(p.dtype)
    with np.errstate(under="ignore"):
        norms = first - first**2  # where nothing else has a weight to speak of
        norms[first == second] = first[first == second]
        open_rows = np.flatnonzero((second > limits.tiny / limits.eps) & (first > second))
        norms[open_rows] = secular_root(first[open_rows], second[open_rows], rest[open_rows])
    return np.maximum(norms, 0.0).reshape(p.shape[:-1])


def secular_root(first: Array, second: Array, rest: Array) -> Array:
    """The root λ in (p₂, p₁) of p₁²/(p₁ − λ) = 1 + ψ(λ) for many rows; `rest` holds ψ's p_i.

    Written in t = λ − p₂, each term p_i²/(t + p₂ − p_i) of ψ is concave in 1/t. So its tangent
    there, ψ ≈ r + s/t, lies above ψ, and the root of the equation with r + s/t for ψ, a quadratic
    in t, lies above the true one: the steps (of Bunch, Nielsen and Sorensen 1978) go down to it,
    never past it, and near it square their error. They start above, from ψ ≤ Σ_{i≥2} p_i²/t, and a
    row is done once it no longer moves down by more than rounding.

    >>> secular_root(np.array([0.75]), np.array([0.25]), np.array([[0.25, 0.0]])).round(12).tolist()
    [0.375]
    """
    width = first - second
    gap = second[:, None] - rest
    t = tangent_root(width, first, np.zeros_like(first), np.vecdot(rest, rest))
    eps = np.finfo(first.dtype).eps
    moving = np.arange(len(first))
    for _ in range(STEPS):
        if not len(moving):
            break
        now = np.maximum(t[moving], eps * second[moving])  # λ = p₂ to rounding: no division by 0
        ratio = rest / (gap + now[:, None])
        slope = np.vecdot(ratio, ratio)  # −ψ′
        value = np.vecdot(rest, ratio) - slope * now
        below = tangent_root(width[moving], first[moving], value, slope * now**2)
        t[moving] = np.minimum(below, now)
        going = now - below > 2.0 * eps * (second[moving] + now)
        if not going.all():
            moving, rest, gap = moving[going], rest[going], gap[going]
    return second + t


def tangent_root(width: Array, first: Array, constant: Array, residue: Array) -> Array:
    """The root t in (0, width) of p₁²/(width − t) = 1 + r + s/t, with r, s ≥ 0.

    (1 + r)·t² + b·t − s·width = 0 with b = p₁² − (1 + r)·width + s, taken by the formula that
    does not cancel.

    >>> tangent_root(np.array([0.5]), np.array([0.75]), np.zeros(1), np.array([0.0625])).tolist()
    [0.125]
    """
    lead = 1.0 + constant
    b = first**2 - lead * width + residue
    root = np.sqrt(b**2 + 4.0 * lead * residue * width)
    down = np.where(b > 0.0, 2.0 * residue * width, root - b)
    return down / np.where(b > 0.0, b + root, 2.0 * lead)
