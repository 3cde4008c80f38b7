"""Shares of variance on a full grid: they sum to one, and are the textbook's."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.compare.causes.anova import part, shares, subsets


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (2, 2, 2, 3)])
def test_the_parts_of_any_grid_are_the_grid_and_its_variance(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).standard_normal(shape)
    every = list(subsets(tuple(range(len(shape)))))
    total = sum(np.broadcast_to(part(values, chosen), shape) for chosen in every)
    np.testing.assert_allclose(total, values, atol=1e-14)
    found = shares(values, most=len(shape))
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-14)
    assert min(found.values()) >= 0
    two = shares(values)
    assert sum(two.values()) == pytest.approx(1.0, abs=1e-14)
    for chosen, value in two.items():
        if chosen:
            assert value == found[chosen]


def test_parts_are_orthogonal_and_have_no_mean() -> None:
    values = np.random.default_rng(1).standard_normal((2, 3, 4))
    parts = {chosen: np.broadcast_to(part(values, chosen), values.shape)
             for chosen in subsets((0, 1, 2)) if chosen}  # fmt: skip
    for one, a in parts.items():
        for other, b in parts.items():
            if one != other:
                assert abs((a * b).mean()) < 1e-15
        for axis in one:
            np.testing.assert_allclose(a.mean(axis=axis), 0.0, atol=1e-15)


def test_a_sum_has_no_interaction_and_a_product_of_signs_nothing_else() -> None:
    a, b = np.array([0.0, 1.0, 5.0])[:, None], np.array([2.0, 3.0])[None, :]
    added = shares(a + b)
    assert added[0, 1] == pytest.approx(0.0, abs=1e-15)
    assert added[0,] == pytest.approx(a.var() / (a + b).var())
    assert shares(np.array([[1.0, -1.0], [-1.0, 1.0]])) == {(0,): 0.0, (1,): 0.0, (0, 1): 1.0}


def test_where_nothing_varies_there_are_no_shares() -> None:
    assert np.isnan(list(shares(np.full((2, 3, 2), 0.1)).values())).all()
