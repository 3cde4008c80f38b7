"""Standard errors and bootstrap intervals."""

from __future__ import annotations

import numpy as np

from pipeline.base.statistics import RESAMPLES, bootstrap, resamples, standard_error

VALUES = np.random.default_rng(1).standard_normal((9, 4))


def test_resamples_are_draws_with_replacement() -> None:
    drawn = np.concatenate(list(resamples(5)))
    assert drawn.shape == (RESAMPLES, 5)
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    assert set((drawn * 5).round(9).ravel()) == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
    assert abs(drawn.mean(axis=0) - 0.2).max() < 0.01
    assert len(np.unique(drawn, axis=0)) > 100  # 126 there can be


def test_blocks_are_different_draws() -> None:
    """Resamples of many values come in several blocks, none of which repeats another."""
    blocks = list(resamples(5000))
    assert len(blocks) > 1
    assert sum(map(len, blocks)) == RESAMPLES
    assert not np.array_equal(blocks[0], blocks[1])


def test_the_interval_is_that_of_resampled_means() -> None:
    low, high = bootstrap(VALUES)
    draw = np.random.default_rng(2)
    means = VALUES[draw.integers(9, size=(200_000, 9))].mean(axis=1)
    expected = np.quantile(means, [0.025, 0.975], axis=0)
    np.testing.assert_allclose([low, high], expected, atol=0.05)
    assert ((low < VALUES.mean(axis=0)) & (VALUES.mean(axis=0) < high)).all()


def test_it_is_the_same_each_time_and_follows_shift_and_scale() -> None:
    np.testing.assert_array_equal(bootstrap(VALUES), bootstrap(VALUES))
    np.testing.assert_allclose(bootstrap(VALUES + 10.0)[0], bootstrap(VALUES)[0] + 10.0)
    np.testing.assert_allclose(bootstrap(3.0 * VALUES)[1], 3.0 * bootstrap(VALUES)[1])


def test_one_value_has_no_interval_and_equal_values_a_point() -> None:
    assert np.isnan([*bootstrap(VALUES[:1]), standard_error(VALUES[:1])]).all()
    low, high = bootstrap(np.full((4, 1), 2.5))
    assert (low.tolist(), high.tolist(), standard_error(np.full((4, 1), 2.5)).tolist()) == (
        [2.5], [2.5], [0.0],
    )  # fmt: skip
