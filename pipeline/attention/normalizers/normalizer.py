"""What every normalizer is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.base.records import Array


@dataclass(frozen=True, eq=False)
class Normalizer:
    """A rule that turns whole rows of logits into whole rows of weights.

    `apply(logits, head)` may overwrite and return `logits`, [..., B, M] with −inf where a key is
    masked, which must come out as exactly 0; a row of nothing but −inf comes out as zeros. A
    block holds whole rows of every head (`head` is None) or of the one head numbered `head`.
    `features(query, key)` is given by kernel normalizers alone: it replaces query and key, each
    already scaled, before they are multiplied, and `apply` then receives φ(q)·φ(k), with 0 where
    a key is masked.
    """

    apply: Callable[[Array, int | None], Array]
    sums_to_one: bool  # whether a row with a key left sums to 1
    shift_invariant: bool = True  # whether adding a constant to a row changes nothing
    features: Callable[[Array, Array], tuple[Array, Array]] | None = None
    # (logits, out, bounded, power): leaves each row's numerators in `out`, so that the division by
    # their sum can wait for the output, and in `logits` their logarithms; `bounded` promises that
    # no logit is large; `power` is the exponential to the base that the logits are in
    unnormalized: Callable[[Array, Array, bool, np.ufunc], None] | None = None


def row_max(logits: Array) -> Array:
    """The largest logit of each row, [..., B, 1]; 0 for a row whose every key is masked.

    >>> row_max(np.array([[1.0, 3.0], [-np.inf, -np.inf]])).tolist()
    [[3.0], [0.0]]
    """
    largest = logits.max(axis=-1, keepdims=True)
    largest[largest == -np.inf] = 0.0
    return largest
