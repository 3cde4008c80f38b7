"""The weight that gets past a mask."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Rows


def leaked_mass(rows: Rows) -> Array:
    """Σ_j p_ij over the masked keys j of query i, [..., N', M'] → [..., N'].

    0 where the mask comes last. With attention.order=mask_then_cap a soft-cap c turns the −∞ of a
    masked key into −c, which leaves it a weight proportional to exp(−c).

    >>> halves = np.array([[0.5, 0.5], [0.5, 0.5]])
    >>> leaked_mass(
    ...     Rows(halves, np.array([2, 2]), intended_mask=lambda: np.tri(2, dtype=bool))
    ... ).tolist()
    [0.5, 0.0]
    """
    if rows.intended_mask is None:
        return np.zeros(rows.weights.shape[:-1])
    return np.where(rows.intended_mask(), 0.0, rows.weights).sum(axis=-1)
