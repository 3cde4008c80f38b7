import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.attention import NORMALIZERS
from pipeline.attention.normalizers.sink import off_by_one, sink
from tests.attention.normalizers.cases import random_logits


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_n_zeros_off_by_one_sum_to_n_of_n_plus_one(n):
    assert_allclose(off_by_one().apply(np.zeros((1, n)), None).sum(), n / (n + 1), rtol=1e-14)


def test_off_by_one_tends_to_nothing_where_the_softmax_stays_one():
    sums = [off_by_one().apply(np.full((1, 9), z), None).sum() for z in (0.0, -5.0, -50.0, -1e4)]
    assert (np.diff(sums) < 0.0).all()
    assert sums[-1] == 0.0


def test_a_sink_is_a_softmax_over_one_more_key_that_is_then_left_out():
    logits = random_logits((5, 8))
    wider = np.concatenate([logits, np.full((5, 1), 1.7)], axis=-1)
    expected = NORMALIZERS["softmax"]().apply(wider, None)[:, :-1]
    assert_allclose(sink(1.7).apply(logits.copy(), None), expected, rtol=1e-13)


@pytest.mark.parametrize("logit", [[0.0, 5.0, -1.0], np.array([0.0, 5.0, -1.0])])
def test_one_sink_a_head_in_a_block_of_all_heads_and_of_one(logit):
    logits = random_logits((2, 3, 4, 6))
    together = sink(logit).apply(logits.copy(), None)
    for head in range(3):
        own = sink(float(logit[head])).apply(logits[:, head].copy(), None)
        assert_array_equal(together[:, head], own)
        assert_array_equal(sink(logit).apply(logits[:, head].copy(), head), own)


def test_a_single_head_may_come_without_its_axis():
    logits = random_logits((4, 6))
    expected = sink(2.0).apply(logits.copy(), None)
    assert_array_equal(sink([2.0]).apply(logits.copy(), None), expected)


def test_sinks_keep_float32():
    weights = sink([0.5, 1.0]).apply(np.zeros((2, 3, 4), np.float32), None)
    assert weights.dtype == np.float32


def test_a_sink_far_above_takes_all_and_far_below_nothing():
    assert_array_equal(sink(1e38).apply(np.zeros((1, 2), np.float32), None), [[0.0, 0.0]])
    assert_array_equal(sink(-1e38).apply(np.zeros((1, 2), np.float32), None), [[0.5, 0.5]])
