"""Shapley values: the parts are the whole, and each is what it must be by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.base.records import Array
from pipeline.compare.causes.shapley import EXACT, exact, sampled, shapley


def game(count: int, seed: int = 0) -> dict[frozenset[int], Array]:
    """A value for every set of factors, none like another."""
    draw = np.random.default_rng(seed)
    sets = [frozenset(i for i in range(count) if k >> i & 1) for k in range(2**count)]
    return {one: draw.standard_normal(2) for one in sets}


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_the_parts_sum_to_the_whole(count: int) -> None:
    values = game(count)
    whole = values[frozenset(range(count))] - values[frozenset()]
    for parts in (exact(count, values.__getitem__), sampled(count, values.__getitem__, 0)[0]):
        np.testing.assert_allclose(parts.sum(axis=0), whole, rtol=0, atol=1e-13)


def test_of_two_factors_each_gets_half_of_what_they_do_together() -> None:
    values = {(): 1.0, (0,): 4.0, (1,): 3.0, (0, 1): 10.0}
    parts = exact(2, lambda s: np.array([values[tuple(sorted(s))]]))
    # ½(4 − 1) + ½(10 − 3) and ½(3 − 1) + ½(10 − 4)
    assert parts.ravel().tolist() == [5.0, 4.0]


def test_a_factor_that_does_nothing_gets_nothing_and_equal_ones_get_the_same() -> None:
    parts = exact(4, lambda s: np.array([float(len(s & {1, 2}) ** 2)]))
    assert parts[[0, 3]].tolist() == [[0.0], [0.0]]
    assert parts[[1, 2]].ravel().tolist() == pytest.approx([2.0, 2.0])


def test_what_adds_up_is_each_factor_s_own() -> None:
    own = np.array([[1.0], [-2.0], [0.5]])
    parts = exact(3, lambda s: own[sorted(s)].sum(axis=0) + 7.0)
    np.testing.assert_allclose(parts, own, atol=1e-14)


def test_every_order_is_weighed_alike() -> None:
    """Against the definition: the mean over all orders."""
    from itertools import permutations

    from pipeline.compare.causes.shapley import along

    values = game(4)
    orders = [along(list(order), values.__getitem__) for order in permutations(range(4))]
    found = exact(4, values.__getitem__)
    np.testing.assert_allclose(found, np.mean(orders, axis=0), atol=1e-13)


def test_many_factors_are_sampled_with_an_interval_that_holds_the_truth() -> None:
    count = EXACT + 1
    draw = np.random.default_rng(3)
    own, pairs = draw.standard_normal(count), np.triu(draw.standard_normal((count, count)), 1)

    def value(changed: frozenset[int]) -> Array:
        here = np.isin(np.arange(count), list(changed))
        return np.array([own[here].sum() + here @ pairs @ here + 2.0 * here.all()])

    truth = own + (pairs + pairs.T).sum(axis=0) / 2 + 2.0 / count
    parts, errors = shapley(count, value)
    whole = value(frozenset(range(count)))
    np.testing.assert_allclose(parts.sum(axis=0), whole, atol=1e-12)
    # Interactions of two are exact in an order and its reverse; the last term alone is drawn.
    assert (np.abs(parts[:, 0] - truth) <= 4 * errors[:, 0] + 1e-12).all()
    assert errors.max() > 0
    again, _ = shapley(count, value)
    np.testing.assert_array_equal(parts, again)
    assert not np.array_equal(parts, shapley(count, value, seed=1)[0])
