"""A full grid of runs: how much of a metric's variance each setting accounts for.

On a full grid with equal weights the metric y is a sum of parts that are orthogonal (Fisher's
analysis of variance; Hoeffding 1948; Sobol' 1993),

    y = Σ_S f_S,    f_S = Σ_{T ⊆ S} (−1)^{|S|−|T|} E[y | settings of T],

so that Var(y) = Σ_S Var(f_S): a main effect for each setting, an interaction for each set of
several. The shares Var(f_S)/Var(y) sum to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from pipeline.base.records import Array


def shares(values: Array, most: int = 2) -> dict[tuple[int, ...], float]:
    """Axes that interact → share of the variance of a grid [n_1, …, n_k], up to `most` at a time.

    What is left, interactions of more settings, is under the key (). NaN where nothing varies.

    >>> shares(np.array([[0.0, 1.0], [2.0, 3.0]]))
    {(0,): 0.8, (1,): 0.2, (0, 1): 0.0}
    """
    total = float(values.var())
    axes = range(values.ndim)
    found: dict[tuple[int, ...], float] = {}
    for size in range(1, min(most, values.ndim) + 1):
        for chosen in combinations(axes, size):
            effect = part(values, chosen)
            found[chosen] = float((effect**2).mean()) / total if varies(values) else np.nan
    if values.ndim > most:
        found[()] = max(0.0, 1.0 - sum(found.values())) if varies(values) else np.nan
    return found


def varies(values: Array) -> bool:
    """Whether the values differ by more than rounding."""
    size = max(float(np.abs(values).max()), 1e-300)
    return float(np.ptp(values)) > 1e-12 * size


def part(values: Array, chosen: tuple[int, ...]) -> Array:
    """f_S of the axes S, with length 1 along the others.

    >>> part(np.array([[0.0, 1.0], [2.0, 3.0]]), (0,)).ravel().tolist()
    [-1.0, 1.0]
    """
    total = np.zeros(1)
    for subset in subsets(chosen):
        sign = (-1) ** (len(chosen) - len(subset))
        away = tuple(axis for axis in range(values.ndim) if axis not in subset)
        total = total + sign * values.mean(axis=away, keepdims=True)
    return total


def subsets(chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every set of the axes, the empty one first."""
    for size in range(len(chosen) + 1):
        yield from combinations(chosen, size)
