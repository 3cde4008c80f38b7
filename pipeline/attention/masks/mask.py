"""A mask: which keys each query may attend to, answered for one block of rows at a time.

The N × M booleans of 65,536 tokens take 4 GB, so a mask is stored as two functions: `key_range`,
the range of keys outside which a query may attend to nothing, and `predicate`, which of the keys
inside it are allowed. Causal, window, prefix and document masks are a key range alone, and so is
any of them *and* another: their counts, and which blocks need no mask, are known without looking
at a single pair. A mask that reads queries, keys or tokens is built from them by `from_content`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.attention.masks.content import Content
from pipeline.attention.masks.predicates import (
    Booleans,
    KeyRange,
    KnownTrueRange,
    Positions,
    Predicate,
    ShapeCheck,
    any_shape,
    check_all,
    conjunction,
    everywhere,
    intersection,
    nowhere,
    range_length,
    unbound,
)
from pipeline.base.specs import FAR

MAX_PAIRS = 2**24  # pairs whose booleans are held at once to count them, 16 MB


@dataclass(frozen=True, eq=False)
class Mask:
    """Query i may attend to key j where start_i ≤ j < stop_i and the predicate holds of (i, j).

    A block is queries first ≤ i < last and keys lo ≤ j < hi. `&` and `|` combine masks as they
    combine booleans.

    >>> causal = Mask(lambda queries: (0 * queries, queries + 1))
    >>> causal.full(3, 3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    >>> causal.block(2, 4, 1, 5).astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 1, 0]]
    >>> (
    ...     causal.bounding_range(2, 4, 9),
    ...     causal.full_range(2, 4, 0, 9),
    ...     causal.counts(2, 4, 9).tolist(),
    ... )
    ((0, 4), (0, 3), [3, 4])
    """

    key_range: KeyRange = everywhere  # queries [N'] → start, stop, [N'] or [1] each
    predicate: Predicate | None = None  # queries [N', 1], keys [1, M'] → [..., N', M']; None: all
    known_true_range: KnownTrueRange = nowhere  # of a block, keys for which the predicate holds
    check: ShapeCheck = any_shape  # a `UserError` where [..., N, M] does not fit
    from_content: Callable[[Content], Mask] | None = None  # builds the mask, the rest left out

    def __post_init__(self) -> None:
        if self.from_content is not None:
            object.__setattr__(self, "predicate", unbound)

    def bind(self, content: Content) -> Mask:
        """The mask for these queries, keys and tokens; itself where it reads none of them."""
        return self if self.from_content is None else self.from_content(content).bind(content)

    def block(self, first: int, last: int, lo: int, hi: int) -> Booleans:
        """The booleans of a block, [..., N', hi − lo]; a read-only view where rows repeat."""
        if lo >= hi:
            return np.zeros((last - first, 0), dtype=bool)
        allowed = self.holds(np.arange(first, last)[:, None], np.arange(lo, hi)[None])
        return np.broadcast_to(allowed, (*allowed.shape[:-2], last - first, hi - lo))

    def full(self, queries: int, keys: int) -> Booleans:
        """All booleans at once, [..., N, M]; not for 65,536 tokens."""
        return self.block(0, queries, 0, keys)

    def bounding_range(self, first: int, last: int, keys: int) -> tuple[int, int]:
        """lo, hi: of M = `keys` keys, none outside lo ≤ j < hi is allowed to these queries."""
        start, stop = self.clipped_range(first, last, keys)
        some = start < stop
        return (int(start[some].min()), int(stop[some].max())) if some.any() else (0, 0)

    def counts(self, first: int, last: int, keys: int) -> Positions:
        """How many of M = `keys` keys each query may attend to, broadcasts to [..., N']."""
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
        """The length of the longest key range of any query, of M = `keys` keys."""
        start, stop = self.clipped_range(0, queries, keys)
        return int((stop - start).max())

    @property
    def is_everything(self) -> bool:
        """Whether it is known that every query may attend to every key, however many there are."""
        return self.key_range is everywhere and self.predicate is None

    def is_full(self, first: int, last: int, lo: int, hi: int) -> bool:
        """True only if every pair of a block is allowed; False where that is not cheaply known."""
        return self.is_everything or self.full_range(first, last, lo, hi) == (lo, hi)

    def full_range(self, first: int, last: int, lo: int, hi: int) -> tuple[int, int]:
        """A range of keys in lo ≤ j < hi known to be allowed to all these queries; lo, lo for none.

        Only the keys before and after it need the booleans.
        """
        start, stop = self.key_range(np.arange(first, last))
        low, high = max(lo, int(start.max())), min(hi, int(stop.min()))
        if low < high and self.predicate is not None:
            low, high = self.known_true_range(first, last, low, high)
        return (low, high) if low < high else (lo, lo)

    def clipped_range(self, first: int, last: int, keys: int) -> tuple[Positions, Positions]:
        """The key range of each query, clipped to M = `keys` keys, [N'] and [N']."""
        ends = self.key_range(np.arange(first, last))
        start, stop = (np.minimum(np.maximum(end, 0), keys) for end in ends)
        return np.broadcast_to(start, last - first), np.broadcast_to(stop, last - first)

    def holds(self, queries: Positions, keys: Positions) -> Booleans:
        """Which pairs of queries [N', 1] and keys [1, M'] are allowed: [..., 1 or N', 1 or M']."""
        start, stop = self.key_range(queries[:, 0])
        allowed = np.ones((1, 1), dtype=bool)
        if start.max() > keys[0, 0]:
            allowed = keys >= start[:, None]
        if stop.min() <= keys[0, -1]:
            allowed = allowed & (keys < stop[:, None])
        return allowed if self.predicate is None else allowed & self.predicate(queries, keys)

    def __and__(self, other: Mask) -> Mask:
        """Keys that both allow: the key ranges intersect, and both predicates must hold."""
        if self.from_content or other.from_content:
            return Mask(from_content=lambda content: self.bind(content) & other.bind(content))

        def key_range(queries: Positions) -> tuple[Positions, Positions]:
            (a, b), (c, d) = self.key_range(queries), other.key_range(queries)
            return np.maximum(a, c), np.minimum(b, d)

        return Mask(
            key_range,
            conjunction(self.predicate, other.predicate),
            intersection(
                [mask.known_true_range for mask in (self, other) if mask.predicate is not None]
            ),
            check_all(self.check, other.check),
        )

    def __or__(self, other: Mask) -> Mask:
        """Keys that either allows: the key range encloses both, and inside it one must hold."""
        if self.from_content or other.from_content:
            return Mask(from_content=lambda content: self.bind(content) | other.bind(content))

        def key_range(queries: Positions) -> tuple[Positions, Positions]:
            ends = [mask.key_range(queries) for mask in (self, other)]
            starts = [np.where(start < stop, start, FAR) for start, stop in ends]
            stops = [np.where(start < stop, stop, -FAR) for start, stop in ends]
            return np.minimum(*starts), np.maximum(*stops)

        return Mask(
            key_range,
            lambda queries, keys: self.holds(queries, keys) | other.holds(queries, keys),
            lambda *block: max(self.full_range(*block), other.full_range(*block), key=range_length),
            check_all(self.check, other.check),
        )
