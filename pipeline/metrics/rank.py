"""Rank: how far a set of embeddings is from being one vector over and over."""

from __future__ import annotations

import numpy as np

from pipeline.records import Array


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
