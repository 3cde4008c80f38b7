"""Shapley values: how much of a change each of k factors accounts for.

v(S) is what is measured when the factors of S are changed and the others are not. Factor i gets
the mean of v(S ∪ {i}) − v(S) over all orders in which the factors may be changed (Shapley 1953):

    φ_i = Σ_{S ∌ i} |S|! (k − |S| − 1)! / k! · (v(S ∪ {i}) − v(S)),    Σ_i φ_i = v(all) − v(none).

The second equation holds for any v: the parts sum to the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from math import factorial

import numpy as np

from pipeline.base.records import Array
from pipeline.base.rng import generator
from pipeline.base.statistics import standard_error

EXACT = 8  # factors up to which all 2^k mixtures are measured
ORDERS = 64  # orders that are drawn beyond
Value = Callable[[frozenset[int]], Array]  # S -> [K] metrics


def shapley(count: int, value: Value, seed: int = 0) -> tuple[Array, Array]:
    """φ [k, K] and its standard error [k, K]; the error is 0 where all mixtures were measured.

    >>> parts, _ = shapley(2, lambda s: np.array([3.0 * (0 in s) + 2.0 * (s == {0, 1})]))
    >>> parts.ravel().tolist()
    [4.0, 1.0]
    """
    if count <= EXACT:
        parts = exact(count, value)
        return parts, np.zeros_like(parts)
    return sampled(count, value, seed)


def exact(count: int, value: Value) -> Array:
    """All 2^k mixtures, each weighed by its share of the orders."""
    parts = []
    for factor in range(count):
        others = [other for other in range(count) if other != factor]
        total = 0.0 * value(frozenset())
        for subset in subsets(others):
            weight = factorial(len(subset)) * factorial(count - len(subset) - 1) / factorial(count)
            total = total + weight * (value(subset | {factor}) - value(subset))
        parts.append(total)
    return np.array(parts)


def subsets(items: list[int]) -> Iterator[frozenset[int]]:
    """Every set of the items, the empty one first."""
    for size in range(len(items) + 1):
        yield from map(frozenset, combinations(items, size))


def sampled(count: int, value: Value, seed: int) -> tuple[Array, Array]:
    """Orders drawn at random, each with its reverse (Mitchell et al. 2022).

    In each order the steps sum to the whole, so their means do too. The error is that of the mean
    over pairs of orders.
    """
    draw = generator(seed, "shapley", count)
    pairs = []
    for _ in range(ORDERS // 2):
        order = draw.permutation(count).tolist()
        pairs.append((along(order, value) + along(order[::-1], value)) / 2)
    steps = np.array(pairs)
    return steps.mean(axis=0), standard_error(steps)


def along(order: list[int], value: Value) -> Array:
    """What each factor adds when the factors are changed in that order, [k, K]."""
    steps: dict[int, Array] = {}
    changed: frozenset[int] = frozenset()
    for factor in order:
        now = changed | {factor}
        steps[factor] = value(now) - value(changed)
        changed = now
    return np.array([steps[factor] for factor in sorted(steps)])
