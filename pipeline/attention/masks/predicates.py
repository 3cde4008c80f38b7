"""The parts of a mask as functions of positions, and how they combine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pipeline.base.specs import FAR

Booleans = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]
KeyRange = Callable[[Positions], tuple[Positions, Positions]]
Predicate = Callable[[Positions, Positions], Booleans]
KnownTrueRange = Callable[[int, int, int, int], tuple[int, int]]
ShapeCheck = Callable[[tuple[int, ...]], None]

START, STOP = np.zeros(1, dtype=np.int64), np.full(1, FAR)


def everywhere(queries: Positions) -> tuple[Positions, Positions]:
    """The key range of a query that may attend to every key."""
    return START, STOP


def nowhere(query_start: int, query_stop: int, start: int, stop: int) -> tuple[int, int]:
    """The known-true range of a predicate that has no cheap answer: empty."""
    return start, start


def any_shape(shape: tuple[int, ...]) -> None:
    """The check of a mask that is defined for any number of queries and keys."""


def unbound(queries: Positions, keys: Positions) -> Booleans:
    """The predicate of a mask that reads content and has not been bound to any."""
    raise RuntimeError("this mask reads content: call bind(content) before asking what it allows")


def conjunction(one: Predicate | None, other: Predicate | None) -> Predicate | None:
    """True where both are; None stands for a predicate that is always true."""
    if one is None or other is None:
        return one or other
    return lambda queries, keys: one(queries, keys) & other(queries, keys)


def intersection(ranges: list[KnownTrueRange]) -> KnownTrueRange:
    """The keys in all of several known-true ranges; each looks only at what the last one left."""

    def known_true_range(first: int, last: int, start: int, stop: int) -> tuple[int, int]:
        for known in ranges:
            start, stop = known(first, last, start, stop)
        return start, stop

    return known_true_range


def range_length(keys: tuple[int, int]) -> int:
    """How many keys a range holds."""
    return keys[1] - keys[0]


def check_all(*checks: ShapeCheck) -> ShapeCheck:
    """One check after the other; the first error is the one raised."""

    def check(shape: tuple[int, ...]) -> None:
        for each in checks:
            each(shape)

    return check
