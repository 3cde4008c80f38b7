"""Leak: the weight that a mask meant to keep from a key, and did not."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Rows


def leaked_mass(rows: Rows) -> Array:
    """Σ_j p_ij over the keys j that query i was not meant to see, [..., B, M'] → [..., B].

    0 wherever the mask comes last; with attention.order=mask_then_cap a soft-cap c turns the −∞ of
    a masked key into −c, and it gets a share in proportion to exp(−c).

    >>> halves = np.array([[0.5, 0.5], [0.5, 0.5]])
    >>> leaked_mass(Rows(halves, np.array([2, 2]), meant=lambda: np.tri(2, dtype=bool))).tolist()
    [0.5, 0.0]
    """
    if rows.intended_mask is None:
        return np.zeros(rows.weights.shape[:-1])
    return np.where(rows.intended_mask(), 0.0, rows.weights).sum(axis=-1)
