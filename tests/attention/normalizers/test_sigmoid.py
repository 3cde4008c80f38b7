import numpy as np
import pytest
from numpy.testing import assert_allclose

from pipeline.attention.normalizers.sigmoid import sigmoid
from tests.attention.normalizers.cases import apply, random_logits


@pytest.mark.parametrize("n", [1, 3, 100])
def test_each_of_n_zeros_gets_one_of_n_plus_one(n):
    assert_allclose(apply(sigmoid(), np.zeros((1, n))), 1.0 / (n + 1.0), rtol=1e-14)


def test_n_counts_the_keys_that_are_left():
    weights = apply(sigmoid(), np.array([[0.0, 0.0, -np.inf, 0.0], [0.0, *[-np.inf] * 3]]))
    assert_allclose(weights, [[0.25, 0.25, 0.0, 0.25], [0.5, 0.0, 0.0, 0.0]], rtol=1e-14)


def test_a_bias_is_added_to_every_logit():
    weights = apply(sigmoid(np.log(3.0)), np.array([[0.0, -np.log(3.0)]]))
    assert_allclose(weights, [[0.75, 0.5]], rtol=1e-14)


def test_a_bias_of_zero_is_no_default():
    assert_allclose(apply(sigmoid(0), np.zeros((1, 5))), 0.5)


def test_row_sums_of_gaussian_logits_tend_to_root_e_with_the_bias_and_to_half_without():
    logits = random_logits((400, 4096))
    assert apply(sigmoid(), logits).sum(-1).mean() == pytest.approx(np.exp(0.5), rel=0.005)
    assert apply(sigmoid(0.0), logits).sum(-1).mean() == pytest.approx(2048, rel=0.005)
