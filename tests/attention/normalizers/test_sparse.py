"""Sparsemax and entmax: numbers by hand, optimality, and how many keys are left."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.attention import NORMALIZERS
from pipeline.attention.normalizers.entmax import bisect, entmax
from pipeline.attention.normalizers.sparsemax import sparsemax
from tests.attention.normalizers.cases import apply, random_logits

ALPHAS = [1.01, 1.25, 1.5, 1.75, 2.0, 3.0, 10.0]


def test_sparsemax_by_hand():
    assert_array_equal(apply(sparsemax(), np.array([[-2.0, 0.0, 0.5]])), [[0.0, 0.25, 0.75]])
    assert_array_equal(apply(sparsemax(), np.array([[1.0, 0.0, -4.0]])), [[1.0, 0.0, 0.0]])
    assert_allclose(apply(sparsemax(), np.zeros((1, 3))), [[1 / 3, 1 / 3, 1 / 3]], rtol=1e-15)


def test_entmax_by_hand():
    # x = z/2: (0 − τ)² + (¼ − τ)² = 1 gives τ = (¼ − √(2 − 1/16)) / 2
    tau = (0.25 - np.sqrt(2.0 - 1.0 / 16.0)) / 2.0
    expected = [[0.0, tau**2, (0.25 - tau) ** 2]]
    weights = apply(entmax(), np.array([[-2.0, 0.0, 0.5]]))
    assert_allclose(weights, expected, rtol=1e-14)
    assert_allclose(weights, [[0.0, 0.326, 0.674]], atol=5e-4)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("spread", [0.01, 1.0, 20.0])
def test_kept_keys_share_one_threshold_and_dropped_ones_are_below_it(alpha, spread):
    logits = random_logits((20, 33), spread)
    weights = apply(entmax(alpha), logits)
    implied = (alpha - 1.0) * logits - weights ** (alpha - 1.0)  # τ where a key is kept
    for row, kept in zip(implied, weights > 0.0, strict=True):
        assert np.ptp(row[kept]) < 1e-12 * max(spread, 1.0) * alpha
        assert (row[~kept] <= row[kept].max() + 1e-12 * max(spread, 1.0) * alpha).all()


@pytest.mark.parametrize("alpha", [1.5, 2.0])
@pytest.mark.parametrize("spread", [1e-3, 0.1, 1.0, 30.0])
def test_bisection_agrees_with_sorting(alpha, spread):
    logits = random_logits((10, 65), spread)
    by_bisection = bisect(logits.copy(), power=alpha - 1.0)
    assert_allclose(by_bisection, apply(entmax(alpha), logits), atol=1e-14)


def test_alpha_two_is_sparsemax_and_alpha_near_one_is_softmax():
    logits = random_logits((10, 65))
    assert_array_equal(apply(entmax(2), logits), apply(sparsemax(), logits))
    soft = apply(NORMALIZERS["softmax"](), logits)
    assert_allclose(apply(entmax(1.0 + 1e-12), logits), soft, rtol=1e-10)
    single = logits.astype(np.float32)
    assert_allclose(apply(entmax(1.0 + 1e-12), single), soft, rtol=2e-6)


def test_a_huge_alpha_shares_among_the_exactly_equal():
    logits = np.array([[3.0, 1.0, 3.0, 2.999, -np.inf]])
    assert_allclose(apply(entmax(1e9), logits), [[0.5, 0.0, 0.5, 0.0, 0.0]], rtol=1e-12)
    assert_allclose(apply(entmax(3e38), logits), [[0.5, 0.0, 0.5, 0.0, 0.0]], rtol=1e-12)


def test_a_large_alpha_gives_the_key_at_the_edge_its_exact_share():
    # α = 20: 19·z − p¹⁹ is one τ for both keys, so p and 1 − p differ by p¹⁹ − (1 − p)¹⁹ = 19·gap
    share = 0.9
    gap = (share**19 - (1.0 - share) ** 19) / 19.0
    assert_allclose(apply(entmax(20.0), np.array([[gap, 0.0]])), [[0.9, 0.1]], rtol=1e-12)


@pytest.mark.parametrize("make", [sparsemax, entmax], ids=["sparsemax", "entmax"])
@pytest.mark.parametrize("temperature", [0.1, 1.0, 8.0, 100.0, 1e4])
def test_long_float32_rows_are_near_float64(make, temperature):
    logits = (random_logits((4, 20_000)) / temperature).astype(np.float32)
    precise = apply(make(), logits.astype(np.float64))
    assert_allclose(apply(make(), logits), precise, atol=1e-6 * precise.max())


@pytest.mark.parametrize(("temperature", "expected"), [(1.0, 3.25), (8.0, 14.6)])
def test_mean_support_of_sparsemax_over_64_gaussian_logits(temperature, expected):
    weights = apply(sparsemax(), random_logits((20_000, 64)) / temperature)
    assert np.count_nonzero(weights, axis=-1).mean() == pytest.approx(expected, rel=0.01)


def test_support_shrinks_as_alpha_grows():
    logits = random_logits((500, 64))
    support = [np.count_nonzero(apply(entmax(a), logits), axis=-1).mean() for a in ALPHAS]
    assert (np.diff(support) < 0.0).all()
