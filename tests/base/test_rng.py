"""Generators derived by name: independent of one another, the same on every machine."""

from __future__ import annotations

import itertools

import numpy as np

from pipeline.base.rng import generator


def test_names_that_differ_have_streams_that_differ() -> None:
    """Also where naive joining would confuse them, and for the seed 0."""
    names: list[tuple[int, tuple[str | int, ...]]] = [
        (0, ()), (0, ("a",)), (1, ("a",)), (0, ("a", "b")), (0, ("ab",)), (0, ("b", "a")),
        (0, ("a", 1)), (0, ("a", "1")), (0, ("a1",)), (0, ("a", "", "b")), (0, ("não",)),
        (10, ("a",)), (2**70, ("a",)),
    ]  # fmt: skip
    drawn = [generator(seed, *parts).random(4).tolist() for seed, parts in names]
    for one, other in itertools.combinations(drawn, 2):
        assert one != other


def test_the_same_name_begins_anew_each_time() -> None:
    first = generator(5, "x")
    first.random(100)
    np.testing.assert_array_equal(generator(5, "x").random(3), generator(5, "x").random(3))


def test_the_stream_is_pinned() -> None:
    """A change here changes the numbers of every random run ever made: it must be meant."""
    drawn = generator(0, "projection", "query", 0).integers(0, 10**6, 3)
    assert drawn.tolist() == [705819, 862985, 778121]
