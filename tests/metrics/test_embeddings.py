"""Metrics of embeddings: cosines, effective rank and residual ratio."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.base.records import Array
from pipeline.metrics import EMBEDDING_METRICS, SET_METRICS
from pipeline.metrics.embeddings import effective_rank, pairwise_cosine, residual_ratio
from tests.metrics.make import measured

SETS = hnp.arrays(
    float, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.integers(-4, 4)
)


def rotation(width: int) -> Array:
    """An orthogonal matrix."""
    return np.linalg.qr(np.random.default_rng(width).standard_normal((width, width)))[0]


@pytest.mark.parametrize("name", SET_METRICS)
@given(SETS)
def test_neither_scale_nor_rotation_nor_order_matters(name: str, vectors: Array) -> None:
    found = SET_METRICS[name](vectors)
    for other in (3 * vectors, vectors @ rotation(vectors.shape[1]), vectors[::-1]):
        np.testing.assert_allclose(SET_METRICS[name](other), found, rtol=1e-9, atol=1e-9)
    if name != "pairwise_cosine":
        assert math.isnan(found) == (not vectors.any())


@given(SETS)
def test_pairwise_cosine_is_the_mean_over_all_pairs(vectors: Array) -> None:
    nonzero = [v for v in vectors if v.any()]
    cosines = [
        a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
        for a, b in itertools.combinations(nonzero, 2)
    ]
    expected = np.mean(cosines) if cosines else math.nan
    assert pairwise_cosine(vectors) == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_pairwise_cosine_before_and_after_by_hand() -> None:
    rows = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5], [0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0]])
    result = measured(rows, "pairwise_cosine").scalars
    assert result["pairwise_cosine_static"] == pytest.approx(0, abs=1e-12)
    # Of the 6 pairs: 1·2 are 0, 1·3 and 2·3 are √½, 1·4 is √½, 2·4 is 0, 3·4 is ½.
    expected = (3 * math.sqrt(0.5) + 0.5) / 6
    assert result["pairwise_cosine_contextual"] == pytest.approx(expected)


def test_the_cosine_of_a_zero_vector_is_undefined() -> None:
    before, after = np.array([[[1.0, 0], [0, 0], [1, 1]]]), np.array([[[0.0, 0], [1, 0], [2, 2]]])
    found = EMBEDDING_METRICS["cosine"](before, after)
    np.testing.assert_allclose(found, [[math.nan, math.nan, 1.0]])


@given(SETS.filter(np.any))
def test_the_effective_rank_is_between_one_and_the_rank(vectors: Array) -> None:
    rank = np.linalg.matrix_rank(vectors)
    assert 1 - 1e-9 <= effective_rank(vectors) <= rank + 1e-6


def test_effective_rank_by_hand() -> None:
    """Equal directions count as many as they are; p = (2/3, 1/3) gives exp(H) = 3/2^(2/3)."""
    for count in (1, 5):
        assert effective_rank(np.eye(7)[:count]) == pytest.approx(count)
    assert effective_rank(np.diag([2.0, 1.0])) == pytest.approx(3 / 2 ** (2 / 3))


@given(SETS.filter(np.any))
def test_the_mean_is_the_nearest_set_of_equal_vectors(vectors: Array) -> None:
    residual = residual_ratio(vectors) * np.linalg.norm(vectors)
    assert 0 <= residual <= np.linalg.norm(vectors) * (1 + 1e-12)
    rng = np.random.default_rng(0)
    for other in vectors.mean(axis=0) + 0.1 * rng.standard_normal((8, vectors.shape[1])):
        assert residual <= np.linalg.norm(vectors - other) + 1e-12


def test_residual_ratio_by_hand() -> None:
    assert residual_ratio(np.ones((4, 3))) == 0.0
    assert residual_ratio(np.array([[1.0], [-1.0]])) == 1.0
    assert residual_ratio(np.eye(4)) == pytest.approx(math.sqrt(3) / 2)
