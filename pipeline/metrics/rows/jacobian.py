"""J = ∂p/∂z = diag(p) − ppᵀ, the Jacobian of a softmax row p of logits z, and its two norms.

A gradient passes through J on its way from the weights to the logits, so the norm of J says how
much a row can still learn: 0 where the softmax is saturated.

Rows p are ≥ 0 and sum to at most 1 (an off-by-one softmax or a sink leaves them below 1, and J is
the same expression). J is then symmetric and positive semi-definite, and with a sum of 1

    ‖J‖₂ ≤ max_i 2·p_i(1 − p_i) ≤ ½    (its largest absolute row sum, Gershgorin),

which is 2m(1 − m) where m = max p ≥ ½.
"""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Positions
from pipeline.metrics.rows.secular import flat_indices, largest_eigenvalues


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
    with np.errstate(under="ignore"):  # a square that underflows is 0
        return frobenius_from_sums(np.vecdot(p, p), np.vecdot(p * p, p))


def frobenius_from_sums(squares: Array, cubes: Array) -> Array:
    """‖J‖_F of rows with the sums `squares` Σp² and `cubes` Σp³, any shape.

    >>> float(frobenius_from_sums(np.array(0.5), np.array(0.25)))
    0.5
    """
    return np.sqrt(np.maximum(squares - 2.0 * cubes + squares**2, 0.0))


def spectral_norm(p: Array) -> Array:
    """‖J‖₂, the largest eigenvalue of J, [..., M] → [...], in O(M) per row and without J.

    J is a diagonal minus rank one, so with p₁ ≥ p₂ the two largest entries its eigenvalues
    interlace them, p₂ ≤ λ ≤ p₁, and λ is the one root there of the secular equation (Golub 1973)

        p₁²/(p₁ − λ) = 1 + ψ(λ),    ψ(λ) = Σ_{i≥2} p_i²/(λ − p_i),

    whose left side rises and whose right side falls; where p₁ = p₂ it is that value. Exact to a
    few ε (1e-15 in float64, 1e-6 in float32), absolute; 0 for a one-hot row and for zeros, 1/M for
    M > 1 equal keys. Rows are ≥ 0 and sum to at most 1.

    >>> spectral_norm(np.array([[0.5, 0.5, 0.0], [0.9, 0.1, 0.0], [1.0, 0.0, 0.0]])).round(12)
    array([0.5 , 0.18, 0.  ])
    """
    with np.errstate(under="ignore"):  # a square that underflows is 0
        squares, cubes = np.vecdot(p, p), np.vecdot(p * p, p)
    return spectral_from_sums(p.copy(), p.argmax(axis=-1), squares, cubes)


def spectral_from_sums(p: Array, best: Positions, squares: Array, cubes: Array) -> Array:
    """‖J‖₂ of rows whose largest entry is at index `best`, with Σp² and Σp³, [..., M] → [...].

    Writes to `p` and restores it.
    """
    rest = p.reshape(-1, p.shape[-1])
    entries, top = rest.reshape(-1), flat_indices(best, rest.shape[-1])
    largest = entries[top]
    entries[top] = 0.0  # so that ψ leaves it out
    try:
        norms = largest_eigenvalues(rest, largest, squares.reshape(-1), cubes.reshape(-1))
    finally:
        entries[top] = largest
    return np.maximum(norms, 0.0).reshape(p.shape[:-1])
