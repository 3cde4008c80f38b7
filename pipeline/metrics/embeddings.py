"""Metrics of embeddings: how far attention moves them, how alike they are, and their rank."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array


def displacement(before: Array, after: Array) -> Array:
    """‖a_i − b_i‖₂, how far attention moves token i from b_i to a_i, [..., N, E] → [..., N].

    >>> displacement(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).tolist()
    [5.0]
    """
    return np.linalg.norm(after - before, axis=-1)


def cosine(before: Array, after: Array) -> Array:
    """a_i·b_i / (‖a_i‖‖b_i‖) after and before attention, −1 to 1, [..., N, E] → [..., N].

    Undefined (NaN) where either is the zero vector.

    >>> cosine(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [1.0, 0.0]])).round(4)
    array([0.7071,    nan])
    """
    dot = np.sum(unit_vectors(before) * unit_vectors(after), axis=-1)
    return np.clip(dot, -1.0, 1.0)


def pairwise_cosine(vectors: Array) -> float:
    """Mean cosine over all pairs of different tokens, [N, E] → one number: how alike they are.

    1 where all point the same way. Zero vectors are left out; undefined (NaN) for fewer than two.

    >>> round(pairwise_cosine(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])), 4)
    0.3333
    """
    units = unit_vectors(vectors)
    units = units[~np.isnan(units).any(axis=-1)]
    pairs = len(units) * (len(units) - 1)
    if not pairs:
        return float("nan")
    return float((np.sum(np.sum(units, axis=0) ** 2) - np.sum(units**2)) / pairs)


def unit_vectors(vectors: Array) -> Array:
    """x/‖x‖, [..., E] → [..., E]; NaN for the zero vector."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms > 0, norms, np.nan)


def effective_rank(vectors: Array) -> float:
    """exp(−Σ_k p_k ln p_k) with p_k = σ_k/Σσ of the singular values σ, [N, D] → one number.

    The number of directions the embeddings use: from 1 (all on one line through the origin) to
    min(N, D) (all directions equally). Roy & Vetterli 2007, "The effective rank". Undefined (NaN)
    where all are zero.

    >>> round(effective_rank(np.array([[3.0, 0.0], [0.0, 3.0]])), 12)
    2.0
    """
    singular = np.linalg.svd(vectors, compute_uv=False)
    if not singular.any():
        return float("nan")
    shares = singular / singular.sum()
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))


def residual_ratio(vectors: Array) -> float:
    """‖X − 1x̄ᵀ‖_F/‖X‖_F, the share left without the mean embedding x̄, [N, D] → one number.

    From 0 (all tokens alike: the rank collapse of Dong et al. 2021, "Attention is not all you
    need") to 1 (a mean of zero). Dong et al. use the composite norm √(‖·‖₁‖·‖_∞); here it is the
    Frobenius norm, for which the closest 1xᵀ is the mean. Undefined (NaN) where all are zero.

    >>> residual_ratio(np.array([[1.0, 1.0], [1.0, -1.0]])) ** 2
    0.5000000000000001
    """
    norm = np.linalg.norm(vectors)
    return float(np.linalg.norm(vectors - vectors.mean(axis=0)) / norm) if norm else float("nan")
