"""Metrics of a whole head, read off what one pass over its weights gathers."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, WeightTotals
from pipeline.metrics.rows.sharpness import shannon_entropy


def key_entropy(totals: WeightTotals) -> Array:
    """−Σ_j m_j ln m_j in nats, m the mean row of a head: how many keys it uses at all, → [H].

    m is the key mass, normalized to sum 1: the mean weight of each key over the queries that may
    attend to any. From 0, where all queries attend to one and the same key, to ln M, where every
    key receives the same. At least the mean entropy of the rows where these sum to 1, and equal to
    it where all rows are alike. Undefined (NaN) where every query is fully masked.

    >>> mass = np.array([[1.0, 0.0], [0.5, 0.5]])
    >>> key_entropy(WeightTotals(np.full((2, 2), 2), mass, mass, mass)).round(4).tolist()
    [0.0, 0.6931]
    """
    mass = totals.key_mass
    total = mass.sum(axis=-1, keepdims=True)
    return shannon_entropy(mass / np.where(total > 0.0, total, np.nan))
