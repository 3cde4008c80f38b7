"""Distances between rows: laws over the whole dict, scipy's numbers, and what is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.compare.pair.distances import (
    DISTANCES,
    jensen_shannon,
    kl,
    kl_reverse,
    total_variation,
)

every = pytest.mark.parametrize("name", DISTANCES)
RNG = np.random.default_rng(0)
P, Q = (RNG.dirichlet(np.ones(6), size=(2, 40)) for _ in range(2))


@every
def test_it_is_nothing_between_a_row_and_itself_and_more_between_others(name: str) -> None:
    distance = DISTANCES[name]
    np.testing.assert_allclose(distance(P, P), 0.0, atol=1e-15)
    assert distance(P, Q).shape == (2, 40)
    assert (distance(P, Q) > 1e-4).all()


@every
def test_a_key_that_neither_has_changes_nothing(name: str) -> None:
    wide = [np.concatenate([x, np.zeros((2, 40, 3))], axis=-1) for x in (P, Q)]
    np.testing.assert_allclose(DISTANCES[name](*wide), DISTANCES[name](P, Q), rtol=1e-12)


@every
def test_the_order_of_the_keys_does_not_matter(name: str) -> None:
    order = RNG.permutation(6)
    found = DISTANCES[name](P[..., order], Q[..., order])
    np.testing.assert_allclose(found, DISTANCES[name](P, Q), rtol=1e-12)


@every
def test_a_row_that_attends_to_nothing_has_no_distance(name: str) -> None:
    silent = np.zeros((1, 6))
    for pair in ((silent, P[0, :1]), (P[0, :1], silent), (silent, silent)):
        assert np.isnan(DISTANCES[name](*pair)).all()


@every
def test_rows_that_do_not_sum_to_one_are_no_nearer_than_nothing(name: str) -> None:
    assert (DISTANCES[name](3.0 * P, 0.2 * Q) > 0).all()


def test_they_are_the_textbook_s() -> None:
    direct = (P * np.log(P / Q)).sum(axis=-1)
    np.testing.assert_allclose(kl(P, Q), direct, rtol=1e-10)
    np.testing.assert_array_equal(kl_reverse(P, Q), kl(Q, P))
    np.testing.assert_allclose(jensen_shannon(P, Q), jensen_shannon(Q, P), rtol=1e-12)
    np.testing.assert_allclose(total_variation(P, Q), np.maximum(P - Q, 0).sum(axis=-1), rtol=1e-12)


def test_disjoint_rows_are_as_far_apart_as_can_be() -> None:
    one, two = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert kl(one, two).tolist() == [np.inf]
    assert jensen_shannon(one, two).tolist() == pytest.approx([np.log(2)], abs=1e-15)
    assert total_variation(one, two).tolist() == [1.0]


def test_pinsker() -> None:
    """TV ≤ √(KL/2), whichever way round."""
    for way in (kl(P, Q), kl_reverse(P, Q)):
        assert (total_variation(P, Q) <= np.sqrt(way / 2)).all()
