"""Embeddings: how far attention moves them, how alike it makes them, and their rank."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array


def displacement(static: Array, contextual: Array) -> Array:
    """‖c_i − s_i‖₂ between a token's own value s and its output c, [..., N, E] → [..., N].

    >>> displacement(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).tolist()
    [5.0]
    """
    return np.linalg.norm(contextual - static, axis=-1)


def cosine(static: Array, contextual: Array) -> Array:
    """c_i·s_i / (‖c_i‖‖s_i‖), from −1 to 1; undefined (NaN) where either is the zero vector.

    >>> cosine(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [1.0, 0.0]])).round(4)
    array([0.7071,    nan])
    """
    dot = np.sum(unit_vectors(static) * unit_vectors(contextual), axis=-1)
    return np.clip(dot, -1.0, 1.0)


def pairwise_cosine(vectors: Array) -> float:
    """Mean cosine over all pairs of different tokens, [N, E] → one number: how alike they are.

    1 where all point the same way; undefined (NaN) for one token alone or where none is non-zero.

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
    """Each vector over its length; NaN for the zero vector."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms > 0, norms, np.nan)


def effective_rank(vectors: Array) -> float:
    """exp(−Σ_k p_k ln p_k) with p_k = σ_k/Σσ, the singular values of [N, D] → one number.

    How many directions the embeddings really use: from 1 (all along one line through the origin)
    to min(N, D) (as much along each). Roy & Vetterli 2007, "The effective rank". Undefined (NaN)
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
    """‖X − 1x̄ᵀ‖_F/‖X‖_F, what is left without the mean embedding x̄, [N, D] → one number.

    From 0 (all tokens alike, the rank collapse of Dong et al. 2021, "Attention is not all you
    need") to 1 (a mean of zero). Dong et al. take the composite norm √(‖·‖₁‖·‖_∞); here it is
    Frobenius, whose closest 1xᵀ is the mean. Undefined (NaN) where all are zero.

    >>> residual_ratio(np.array([[1.0, 1.0], [1.0, -1.0]])) ** 2
    0.5000000000000001
    """
    size = np.linalg.norm(vectors)
    return float(np.linalg.norm(vectors - vectors.mean(axis=0)) / size) if size else float("nan")
