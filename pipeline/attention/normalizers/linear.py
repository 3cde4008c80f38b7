"""Linear attention: weights in proportion to φ(q)·φ(k), with φ ≥ 0."""

from __future__ import annotations

import numpy as np

from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.attention.row_sums import divide_by_sum
from pipeline.base.records import Array


def linear() -> Normalizer:
    """p_j = φ(q)·φ(k_j) / Σ_i φ(q)·φ(k_i) with φ(x) = elu(x) + 1: x + 1 above 0, exp(x) below.

    Shapes: query [..., N, D], key [..., M, D] give φ(q) [..., N, D] and φ(k) [..., M, D]. Rows
    are ≥ 0 and sum to 1, except one whose products are all too small to hold, which is zeros.
    Katharopoulos et al. 2020, "Transformers are RNNs", eq. 7.

    >>> kernel = linear()
    >>> query, key = kernel.features(np.array([[0.0]]), np.array([[0.0], [2.0]]))
    >>> kernel.apply(query @ key.T, None).round(12).tolist()
    [[0.25, 0.75]]
    """
    return Normalizer(
        normalize_products, sums_to_one=True, shift_invariant=False, features=elu_features
    )


def normalize_products(products: Array, head: int | None = None) -> Array:
    """Every row of φ(q)·φ(k) over its sum, in place."""
    return divide_by_sum(products)


def elu_features(query: Array, key: Array) -> tuple[Array, Array]:
    """φ(q) and φ(k), φ = elu + 1, up to factors that cancel in the division by the sum."""
    return stable_features(log_elu(query), log_elu(key))


def log_elu(inputs: Array) -> Array:
    """ln(elu(x) + 1): x below 0, ln(1 + x) above.

    >>> log_elu(np.array([-3.0, 0.0, np.e - 1.0])).round(12).tolist()
    [-3.0, 0.0, 1.0]
    """
    return np.minimum(inputs, 0.0) + np.log1p(np.maximum(inputs, 0.0))


def stable_features(query: Array, key: Array) -> tuple[Array, Array]:
    """Features from their logarithms, [..., N, R] and [..., M, R], so that none overflows.

    Each key feature is scaled to a maximum of 1 over all keys, and the factor moved to the query;
    then each query to a maximum of 1. Ratios within a row, which are all that counts, stay the
    same, and every row has a product of at least 1 before it is masked.

    >>> query, key = stable_features(np.array([[0.0, -1e4]]), np.array([[-2e4, 0.0], [-1e4, 0.0]]))
    >>> query.tolist(), key.tolist()
    ([[1.0, 1.0]], [[0.0, 1.0], [1.0, 1.0]])
    """
    top = key.max(axis=-2, keepdims=True)
    query = query + top
    query -= query.max(axis=-1, keepdims=True)
    with np.errstate(under="ignore"):  # a feature too small to hold is zero
        return np.exp(query, out=query), np.exp(key - top)
