"""What a normalizer is: rows of logits → rows of weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.base.records import Array


@dataclass(frozen=True, eq=False)
class Normalizer:
    """A rule that turns whole rows of logits into whole rows of weights.

    `apply(logits, head)` may overwrite and return `logits`, [..., N', M] with −∞ where a key is
    masked, whose weight must be exactly 0; a fully masked row gets zeros. The rows are those of
    every head (`head` is None) or of the one head numbered `head`.
    `features(query, key)`, which only kernel normalizers have, replaces the scaled query and key
    by φ(q) and φ(k); `apply` then receives φ(q)·φ(k), with 0 where a key is masked.
    """

    apply: Callable[[Array, int | None], Array]
    sums_to_one: bool  # whether a row with a key left sums to 1
    shift_invariant: bool = True  # whether adding a constant to a row changes nothing
    features: Callable[[Array, Array], tuple[Array, Array]] | None = None
    # (logits, out, bounded): the numerators of each row in `out` and their logarithms in `logits`,
    # from which the entropy of a row follows cheaply; `bounded` promises that no logit is large
    unnormalized: Callable[[Array, Array, bool], None] | None = None


def row_max(logits: Array) -> Array:
    """The largest logit of each row, [..., N', 1]; 0 for a row whose every key is masked.

    >>> row_max(np.array([[1.0, 3.0], [-np.inf, -np.inf]])).tolist()
    [[3.0], [0.0]]
    """
    largest = logits.max(axis=-1, keepdims=True)
    largest[largest == -np.inf] = 0.0
    return largest
