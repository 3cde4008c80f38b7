"""A mask: which keys each query may attend to, answered a block of rows at a time.

The N × M booleans of 65,536 tokens take 4 GB, so a mask is kept as the two things that make them:
`reach`, the stretch of keys outside of which a query sees nothing, and `rule`, which of the keys
inside it take part. Causal, window, prefix and document masks are a reach alone, and so is any of
them *and* another: their counts, and which blocks need no mask at all, are then known without
looking at a single pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.base.specs import FAR

Booleans = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]
Reach = Callable[[Positions], tuple[Positions, Positions]]
Rule = Callable[[Positions, Positions], Booleans]
Stretch = Callable[[int, int, int, int], tuple[int, int]]

MAX_PAIRS = 2**24  # pairs whose booleans are held while they are counted, 16 MB
START, STOP = np.zeros(1, dtype=np.int64), np.full(1, FAR)


def everywhere(queries: Positions) -> tuple[Positions, Positions]:
    """The reach of a query that may see every key."""
    return START, STOP


def nowhere(first: int, last: int, lo: int, hi: int) -> tuple[int, int]:
    """What a rule that has no cheap answer says of a block: of no key for sure."""
    return lo, lo


def any_shape(shape: tuple[int, ...]) -> None:
    """What a mask that is defined for any number of queries and keys has to say of a shape."""


@dataclass(frozen=True, eq=False)
class Mask:
    """Query i may attend to key j where start_i ≤ j < stop_i and the rule, if any, holds of (i, j).

    Blocks are those of queries first ≤ i < last and keys lo ≤ j < hi. `&` and `|` combine masks as
    they combine booleans.

    >>> causal = Mask(lambda queries: (0 * queries, queries + 1))
    >>> causal.full(3, 3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    >>> causal.block(2, 4, 1, 5).astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 1, 0]]
    >>> causal.span(2, 4, 9), causal.solid(2, 4, 0, 9), causal.counts(2, 4, 9).tolist()
    ((0, 4), (0, 3), [3, 4])
    """

    key_range: Reach = (
        everywhere  # queries [B] -> start, stop [B] or [1]: no key outside takes part
    )
    predicate: Rule | None = (
        None  # consecutive queries [B, 1], keys [1, B'] -> [..., B, B']; None: all
    )
    known_true_range: Stretch = (
        nowhere  # of a block, a stretch of keys of which the rule holds for all queries
    )
    check: Callable[[tuple[int, ...]], None] = any_shape  # a Fault where [..., N, M] does not fit

    def block(self, first: int, last: int, lo: int, hi: int) -> Booleans:
        """The booleans of a block, [..., B, hi − lo]; a view where rows repeat, so not to write."""
        if lo >= hi:
            return np.zeros((last - first, 0), dtype=bool)
        allowed = self.holds(np.arange(first, last)[:, None], np.arange(lo, hi)[None])
        return np.broadcast_to(allowed, (*allowed.shape[:-2], last - first, hi - lo))

    def full(self, queries: int, keys: int) -> Booleans:
        """All booleans at once, [..., N, M]: for a mask to look at, not for 65,536 tokens."""
        return self.block(0, queries, 0, keys)

    def bounding_range(self, first: int, last: int, keys: int) -> tuple[int, int]:
        """lo, hi: of M = `keys` keys, none outside lo ≤ j < hi takes part for these queries."""
        start, stop = self.clipped_range(first, last, keys)
        some = start < stop
        return (int(start[some].min()), int(stop[some].max())) if some.any() else (0, 0)

    def counts(self, first: int, last: int, keys: int) -> Positions:
        """How many of M = `keys` keys each query may attend to, broadcasts to [..., B]."""
        if self.is_everything:
            return np.full(last - first, keys)
        if self.predicate is None:
            start, stop = self.clipped_range(first, last, keys)
            return np.maximum(stop - start, 0)
        step = max(1, MAX_PAIRS // keys)
        pieces = [(row, min(row + step, last)) for row in range(first, last, step)]
        sums = [
            self.block(*rows, *self.bounding_range(*rows, keys)).sum(axis=-1) for rows in pieces
        ]
        leading = np.broadcast_shapes(*(counts.shape[:-1] for counts in sums))
        return np.concatenate(
            [np.broadcast_to(counts, (*leading, counts.shape[-1])) for counts in sums], axis=-1
        )

    def widest(self, queries: int, keys: int) -> int:
        """How many of M = `keys` keys the query with the longest reach has in it."""
        start, stop = self.clipped_range(0, queries, keys)
        return int((stop - start).max())

    @property
    def is_everything(self) -> bool:
        """Whether it is known that every query may attend to every key, however many there are."""
        return self.key_range is everywhere and self.predicate is None

    def is_full(self, first: int, last: int, lo: int, hi: int) -> bool:
        """True only if each of these queries may attend to each of these keys; False: maybe not."""
        return self.is_everything or self.full_range(first, last, lo, hi) == (lo, hi)

    def full_range(self, first: int, last: int, lo: int, hi: int) -> tuple[int, int]:
        """A stretch of lo ≤ j < hi that each of these queries may attend to, cheaply known.

        Only keys before and after it need the booleans; lo, lo where none is known.
        """
        start, stop = self.key_range(np.arange(first, last))
        low, high = max(lo, int(start.max())), min(hi, int(stop.min()))
        if low < high and self.predicate is not None:
            low, high = self.known_true_range(first, last, low, high)
        return (low, high) if low < high else (lo, lo)

    def clipped_range(self, first: int, last: int, keys: int) -> tuple[Positions, Positions]:
        """The reach of each query, cut to the M = `keys` keys there are, [B] and [B]."""
        ends = self.key_range(np.arange(first, last))
        start, stop = (np.minimum(np.maximum(end, 0), keys) for end in ends)
        return np.broadcast_to(start, last - first), np.broadcast_to(stop, last - first)

    def holds(self, queries: Positions, keys: Positions) -> Booleans:
        """Of queries [B, 1] and keys [1, B'], who may attend to whom: [..., 1 or B, 1 or B']."""
        start, stop = self.key_range(queries[:, 0])
        allowed = np.ones((1, 1), dtype=bool)
        if start.max() > keys[0, 0]:
            allowed = keys >= start[:, None]
        if stop.min() <= keys[0, -1]:
            allowed = allowed & (keys < stop[:, None])
        return allowed if self.predicate is None else allowed & self.predicate(queries, keys)

    def __and__(self, other: Mask) -> Mask:
        """Keys that both allow: the reaches intersect, and both rules must hold."""

        def reach(queries: Positions) -> tuple[Positions, Positions]:
            (a, b), (c, d) = self.key_range(queries), other.key_range(queries)
            return np.maximum(a, c), np.minimum(b, d)

        return Mask(
            reach,
            conjunction(self.predicate, other.predicate),
            intersection(
                [mask.known_true_range for mask in (self, other) if mask.predicate is not None]
            ),
            check_all(self.check, other.check),
        )

    def __or__(self, other: Mask) -> Mask:
        """Keys that either allows: the reach encloses both, and inside it one must hold."""

        def reach(queries: Positions) -> tuple[Positions, Positions]:
            ends = [mask.key_range(queries) for mask in (self, other)]
            starts = [np.where(start < stop, start, FAR) for start, stop in ends]
            stops = [np.where(start < stop, stop, -FAR) for start, stop in ends]
            return np.minimum(*starts), np.maximum(*stops)

        return Mask(
            reach,
            lambda queries, keys: self.holds(queries, keys) | other.holds(queries, keys),
            lambda *block: max(self.full_range(*block), other.full_range(*block), key=range_length),
            check_all(self.check, other.check),
        )


def conjunction(one: Rule | None, other: Rule | None) -> Rule | None:
    """The rule that holds where both hold; None stands for a rule that always does."""
    if one is None or other is None:
        return one or other
    return lambda queries, keys: one(queries, keys) & other(queries, keys)


def intersection(stretches: list[Stretch]) -> Stretch:
    """The stretch of keys that is in all of several; each looks only at what the last one left."""

    def stretch(first: int, last: int, lo: int, hi: int) -> tuple[int, int]:
        for each in stretches:
            lo, hi = each(first, last, lo, hi)
        return lo, hi

    return stretch


def range_length(stretch: tuple[int, int]) -> int:
    """How many keys a stretch holds."""
    return stretch[1] - stretch[0]


def check_all(*checks: Callable[[tuple[int, ...]], None]) -> Callable[[tuple[int, ...]], None]:
    """One check after the other; the first fault is the one raised."""

    def check(shape: tuple[int, ...]) -> None:
        for each in checks:
            each(shape)

    return check
