"""How far apart two rows of weights are, as distributions over the same keys.

p is a row after, q the row before, [..., M] both, over all keys of both: a key that only one
sentence has gets no weight from the other. A row that attends to nothing (all keys masked) is no
distribution, and every distance to it is undefined (NaN).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.base.records import Array


def kl(p: Array, q: Array) -> Array:
    """KL(p ‖ q) = Σ_j p_j ln(p_j/q_j) − p_j + q_j in nats, [..., M] → [...].

    The last two terms sum to nothing where both rows sum to 1, and keep it ≥ 0 where they do not
    (sigmoid or ReLU attention). 0·ln 0 is 0, and it is infinite where p has weight on a key to
    which q gives none: Kullback & Leibler 1951.

    >>> kl(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.25, 0.75], [0.0, 1.0]])).round(4)
    array([0.1438,    inf])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0) - p + q
    return defined(p, q, np.maximum(parts.sum(axis=-1), 0.0))


def kl_reverse(p: Array, q: Array) -> Array:
    """KL(q ‖ p) in nats: KL of before from after."""
    return kl(q, p)


def jensen_shannon(p: Array, q: Array) -> Array:
    """½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q)/2, in nats: 0 to ln 2 (Lin 1991).

    Symmetric, and finite for any two rows: ln 2 where no key has weight in both.

    >>> jensen_shannon(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])).round(4).tolist()
    [0.6931]
    """
    middle = (p + q) / 2
    return defined(p, q, (kl(p, middle) + kl(q, middle)) / 2)


def total_variation(p: Array, q: Array) -> Array:
    """½ Σ_j |p_j − q_j|: the share of the weight that moved to other keys, 0 to 1.

    >>> total_variation(np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])).tolist()
    [0.25]
    """
    return defined(p, q, np.abs(p - q).sum(axis=-1) / 2)


def defined(p: Array, q: Array, values: Array) -> Array:
    """`values`, NaN for a row that gives no weight to any key."""
    return np.where((p.sum(axis=-1) > 0) & (q.sum(axis=-1) > 0), values, np.nan)


DISTANCES: dict[str, Callable[[Array, Array], Array]] = {
    "kl": kl,
    "kl_reverse": kl_reverse,
    "jensen_shannon": jensen_shannon,
    "total_variation": total_variation,
}
