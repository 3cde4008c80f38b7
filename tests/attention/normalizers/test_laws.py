"""Laws over every entry of NORMALIZERS, so that a new one is tested with no test edited."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests.attention.normalizers.cases import MADE, apply, random_logits, received

FLOATS = [np.float32, np.float64]
every = pytest.mark.parametrize("normalizer", MADE.values(), ids=MADE)
each_type = pytest.mark.parametrize("dtype", FLOATS, ids=["float32", "float64"])


@every
@each_type
def test_weights_are_not_negative_and_sum_to_one_where_declared(normalizer, dtype):
    for spread in (0.01, 1.0, 30.0, 1e4):
        weights = apply(normalizer, random_logits(spread=spread).astype(dtype))
        sums = weights.sum(-1)
        assert (weights >= 0.0).all()
        if normalizer.sums_to_one:
            assert (weights <= 1.0).all()
            assert_allclose(sums, 1.0, rtol=8 * np.finfo(dtype).eps)
        elif spread == 1.0:
            assert (abs(sums - 1.0) > 1e-3).any()


@every
def test_a_constant_added_to_a_row_changes_nothing_where_declared(normalizer):
    given = received(normalizer, random_logits())
    before = normalizer.apply(given.copy(), None)
    after = normalizer.apply(given + 2.5, None)
    if normalizer.shift_invariant:
        assert_allclose(after, before, atol=1e-13)
    else:
        assert not np.allclose(after, before, rtol=1e-6, atol=0.0)


@every
@each_type
def test_masking_a_key_equals_deleting_it(normalizer, dtype):
    logits = random_logits().astype(dtype)
    masked = logits.copy()
    masked[..., [0, 5, 16]] = -np.inf
    weights = apply(normalizer, masked)
    assert (weights[..., [0, 5, 16]] == 0.0).all()
    deleted = apply(normalizer, np.delete(logits, [0, 5, 16], axis=-1))
    left = np.delete(weights, [0, 5, 16], axis=-1)
    assert_allclose(left, deleted, rtol=1e-3, atol=16 * np.finfo(dtype).eps)


@every
def test_masks_of_different_lengths_in_one_block(normalizer):
    logits = random_logits((9, 9))
    causal = apply(normalizer, np.where(np.tri(9, dtype=bool), logits, -np.inf))
    for row in range(9):
        alone = apply(normalizer, logits[row : row + 1, : row + 1])[0]
        assert_allclose(causal[row, : row + 1], alone, atol=1e-13)
        assert (causal[row, row + 1 :] == 0.0).all()


@every
def test_permuting_keys_permutes_weights(normalizer):
    logits = random_logits()
    order = np.random.default_rng(1).permutation(17)
    assert_allclose(
        apply(normalizer, logits[..., order]), apply(normalizer, logits)[..., order], atol=1e-13
    )


@every
def test_rows_are_independent(normalizer):
    logits = random_logits()
    alone = apply(normalizer, logits[1:2, 2:3, 3:4])
    assert_allclose(apply(normalizer, logits)[1:2, 2:3, 3:4], alone, atol=1e-15)


EXTREMES = [
    [1e4, -1e4, 0.0],
    [1e4, 1e4, 1e4],
    [-1e4, -1e4, -1e4],
    [-1e4, -np.inf, -np.inf],
    [1e4, -np.inf, -1e4],
    [0.0, -np.inf, -60.0],
    [1e38, -1e38, 0.0],
    [1e-40, -1e-40, 1e-45],
]


@every
@each_type
def test_extremes_raise_no_flag_and_give_no_nan(normalizer, dtype):
    for row in EXTREMES:
        with np.errstate(all="ignore"):
            logits = np.array([row, row[::-1]], dtype=dtype)
        weights = apply(normalizer, logits)
        assert weights.dtype == dtype
        assert np.isfinite(weights).all(), row
        assert (weights >= 0.0).all(), row
        assert (weights[logits == -np.inf] == 0.0).all(), row
        if normalizer.sums_to_one:
            assert_allclose(weights.sum(-1), 1.0, rtol=8 * np.finfo(dtype).eps, err_msg=str(row))


@every
def test_float32_is_near_float64(normalizer):
    logits = random_logits(spread=2.0).astype(np.float32)
    precise = apply(normalizer, logits.astype(np.float64))
    assert_allclose(apply(normalizer, logits), precise, rtol=5e-4, atol=2e-6)


@every
@each_type
def test_a_fully_masked_row_gets_zeros_and_changes_no_other(normalizer, dtype):
    logits = random_logits((3, 6)).astype(dtype)
    logits[1] = -np.inf
    weights = apply(normalizer, logits)
    assert_array_equal(weights[1], np.zeros(6))
    assert_allclose(weights[[0, 2]], apply(normalizer, logits[[0, 2]]), atol=1e-7)
    assert_array_equal(apply(normalizer, logits[1:2]), np.zeros((1, 6)))


@every
@each_type
def test_one_key(normalizer, dtype):
    for logit in (-1e4, -1.0, 0.0, 2.0, 1e4):
        weight = apply(normalizer, np.full((2, 1), logit, dtype=dtype))
        assert weight.shape == (2, 1)
        assert np.isfinite(weight).all()
        if normalizer.sums_to_one:
            assert_array_equal(weight, np.ones((2, 1)))


@every
def test_better_keys_get_no_less(normalizer):
    logits = np.sort(random_logits(), axis=-1)
    assert (np.diff(apply(normalizer, logits), axis=-1) >= -1e-15).all()


@every
def test_equal_keys_share_equally_unless_a_count_is_kept(normalizer):
    weights = apply(normalizer, np.zeros((1, 12)))
    kept = weights[weights > 0.0]
    assert (kept == kept[:1]).all()
