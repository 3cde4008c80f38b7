"""Effective rank and residual ratio: how far a set is from one vector over and over."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.base.records import Array
from pipeline.metrics import SET_METRICS
from pipeline.metrics.embeddings import effective_rank, residual_ratio

SETS = hnp.arrays(
    float, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.integers(-4, 4)
)
RANKS = ("effective_rank", "residual_ratio")


def rotation(width: int) -> Array:
    """An orthogonal matrix."""
    return np.linalg.qr(np.random.default_rng(width).standard_normal((width, width)))[0]


@pytest.mark.parametrize("name", RANKS)
@given(SETS)
def test_neither_size_nor_direction_nor_order_matters(name: str, vectors: Array) -> None:
    found = SET_METRICS[name](vectors)
    for other in (3 * vectors, vectors @ rotation(vectors.shape[1]), vectors[::-1]):
        np.testing.assert_allclose(SET_METRICS[name](other), found, rtol=1e-9, atol=1e-9)
    assert math.isnan(found) == (not vectors.any())


@given(SETS.filter(np.any))
def test_the_effective_rank_is_between_one_and_the_rank(vectors: Array) -> None:
    rank = np.linalg.matrix_rank(vectors)
    assert 1 - 1e-9 <= effective_rank(vectors) <= rank + 1e-6


@pytest.mark.parametrize("count", [1, 2, 5])
def test_as_many_equal_directions_as_there_are(count: int) -> None:
    assert effective_rank(np.eye(7)[:count]) == pytest.approx(count)


def test_one_direction_twice_as_strong() -> None:
    """p = (2/3, 1/3): exp(H) = 3/2^(2/3)."""
    assert effective_rank(np.diag([2.0, 1.0])) == pytest.approx(3 / 2 ** (2 / 3))


@given(SETS.filter(np.any))
def test_of_all_that_is_the_same_everywhere_the_mean_is_nearest(vectors: Array) -> None:
    found = residual_ratio(vectors) * np.linalg.norm(vectors)
    assert 0 <= found <= np.linalg.norm(vectors) * (1 + 1e-12)
    rng = np.random.default_rng(0)
    for other in vectors.mean(axis=0) + 0.1 * rng.standard_normal((8, vectors.shape[1])):
        assert found <= np.linalg.norm(vectors - other) + 1e-12


def test_residuals_worked_by_hand() -> None:
    assert residual_ratio(np.ones((4, 3))) == 0.0
    assert residual_ratio(np.array([[1.0], [-1.0]])) == 1.0
    assert residual_ratio(np.eye(4)) == pytest.approx(math.sqrt(3) / 2)
