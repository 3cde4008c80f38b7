"""Context: how far attention moves the embeddings, and how alike it makes them."""

from __future__ import annotations

import numpy as np

from pipeline.records import Array


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
    dot = np.sum(unit(static) * unit(contextual), axis=-1)
    return np.clip(dot, -1.0, 1.0)


def pairwise_cosine(vectors: Array) -> float:
    """Mean cosine over all pairs of different tokens, [N, E] → one number: how alike they are.

    1 where all point the same way; undefined (NaN) for one token alone or where none is non-zero.

    >>> round(pairwise_cosine(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])), 4)
    0.3333
    """
    units = unit(vectors)
    units = units[~np.isnan(units).any(axis=-1)]
    pairs = len(units) * (len(units) - 1)
    if not pairs:
        return float("nan")
    return float((np.sum(np.sum(units, axis=0) ** 2) - np.sum(units**2)) / pairs)


def unit(vectors: Array) -> Array:
    """Each vector over its length; NaN for the zero vector."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms > 0, norms, np.nan)
