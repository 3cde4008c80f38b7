import numpy as np
from numpy.testing import assert_array_equal

from pipeline.attention.normalizers.relu import relu
from pipeline.attention.row_sums import allowed_counts
from tests.attention.normalizers.cases import apply, random_logits


def test_by_hand_over_the_keys_that_are_left():
    logits = np.array([[2.0, -1.0, 4.0, -np.inf, 0.0], [1.0, *[-np.inf] * 4]])
    assert_array_equal(
        apply(relu(), logits), [[0.5, 0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]]
    )


def test_the_count_is_of_the_type_of_the_logits():
    assert allowed_counts(np.zeros((1, 2), np.float32)).dtype == np.float32


def test_nothing_positive_gets_nothing():
    assert_array_equal(apply(relu(), -np.ones((1, 4))), np.zeros((1, 4)))


def test_row_sums_of_gaussian_logits_tend_to_the_half_normal_mean():
    sums = apply(relu(), random_logits((100, 10_000))).sum(-1)
    assert abs(sums.mean() - 1.0 / np.sqrt(2.0 * np.pi)) < 2e-3
