import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.attention import NORMALIZERS
from pipeline.attention.normalizers.top_k import top_k
from tests.attention.normalizers.cases import apply, random_logits


def test_by_hand():
    logits = np.array([[0.0, np.log(3.0), -1.0, -2.0]])
    assert_allclose(apply(top_k(2), logits), [[0.25, 0.75, 0.0, 0.0]], rtol=1e-14)


@pytest.mark.parametrize("k", [1, 2, 5, 16])
def test_exactly_k_are_kept_whatever_ties(k):
    logits = np.random.default_rng(0).integers(0, 3, (50, 17)).astype(float)
    weights = apply(top_k(k), logits)
    assert (np.count_nonzero(weights, axis=-1) == k).all()
    for row, kept in zip(logits, weights > 0.0, strict=True):
        first = np.argsort(-row, kind="stable")[:k]
        assert_array_equal(np.flatnonzero(kept), np.sort(first))


def test_the_kept_are_a_softmax_of_themselves():
    logits = random_logits((6, 20))
    weights = apply(top_k(4), logits)
    for row, given in zip(weights, logits, strict=True):
        kept = np.flatnonzero(row)
        alone = apply(NORMALIZERS["softmax"](), given[None, kept])[0]
        assert_allclose(row[kept], alone, rtol=1e-13)


@pytest.mark.parametrize("k", [1, 8, 700, 999])
def test_the_largest_of_a_long_row_are_kept(k):
    logits = random_logits((20, 1000))
    largest = np.sort(np.argsort(-logits, axis=-1)[:, :k], axis=-1)
    rows, kept = np.nonzero(apply(top_k(k), logits))
    assert_array_equal(rows, np.repeat(np.arange(20), k))
    assert_array_equal(kept.reshape(20, k), largest)


@pytest.mark.parametrize("k", [4, 5, 8, 1000])
def test_k_of_as_many_as_are_left_or_more_is_the_softmax(k):
    logits = random_logits((3, 8))
    logits[:, [1, 2, 6, 7]] = -np.inf
    soft = apply(NORMALIZERS["softmax"](), logits)
    assert_array_equal(apply(top_k(k), logits), soft)


def test_hard_is_the_first_best():
    logits = np.array([[1.0, 4.0, 4.0], [-np.inf, -np.inf, -1e4], [0.0, 0.0, 0.0]])
    assert_array_equal(
        apply(NORMALIZERS["hard"](), logits), [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    )


def test_hard_is_top_one():
    logits = np.random.default_rng(3).integers(0, 4, (40, 9)).astype(np.float32)
    assert_array_equal(apply(NORMALIZERS["hard"](), logits), apply(top_k(1), logits))
