"""Principal components of one set of points, onto which others can be projected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.base.records import Array


@dataclass(frozen=True, eq=False)
class Basis:
    """The two directions of largest variance."""

    center: Array  # [E]
    directions: Array  # [2, E], orthonormal rows; a row is zero where the points do not vary
    explained: Array  # [2] share of the variance along each, 0 to 1

    def project(self, points: Array) -> Array:
        """(x − center)·directionsᵀ, [N, E] → [N, 2]."""
        return (points - self.center) @ self.directions.T


def fit(points: Array) -> Basis:
    """The first two principal components of [N, E], by singular value decomposition.

    The sign of a direction is arbitrary; its largest entry is made positive, so that the same
    points give the same figure with any linear algebra library. Where all points coincide the
    directions are zero.

    >>> fit(np.array([[0.0, 0.0], [-2.0, 0.0]])).directions[0].tolist()
    [1.0, 0.0]
    """
    center = points.mean(axis=0)
    _, singular, rows = np.linalg.svd(points - center, full_matrices=False)
    variance = singular**2
    real = singular > 1e-12 * max(singular[0], 1e-300)
    directions, explained = np.zeros((2, points.shape[1])), np.zeros(2)
    for k in range(min(2, int(real.sum()))):
        largest = rows[k, np.argmax(np.round(np.abs(rows[k]), 9))]
        directions[k] = rows[k] * np.sign(largest)
        explained[k] = variance[k] / variance.sum()
    return Basis(center, directions, explained)
