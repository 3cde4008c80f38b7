"""Linear and FAVOR+: through φ(q)·φ(k)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from pipeline.attention import NORMALIZERS
from pipeline.attention.normalizers.favor import directions, favor
from pipeline.attention.normalizers.linear import linear

KERNELS = {name: make() for name, make in NORMALIZERS.items() if make().features}
every = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


def attend(kernel, query, key, allowed=True):
    """The weights by way of the features; any floating-point flag but underflow raises."""
    with np.errstate(all="raise", under="ignore"):
        query, key = kernel.features(query, key)
        return kernel.apply(np.where(allowed, query @ key.swapaxes(-1, -2), 0), None)


def vectors(*shape, spread=1.0, seed=0):
    return spread * np.random.default_rng(seed).standard_normal(shape)


def softmax(query, key):
    weights = np.exp(query @ key.swapaxes(-1, -2))
    return weights / weights.sum(-1, keepdims=True)


def test_linear_by_hand():
    # φ(q) = [2, ½]; φ(k) = [1, 1] and [3, ½]: products 2.5 and 6.25
    query = np.array([[1.0, np.log(0.5)]])
    key = np.array([[0.0, 0.0], [2.0, np.log(0.5)]])
    assert_allclose(attend(linear(), query, key), [[2.5 / 8.75, 6.25 / 8.75]], rtol=1e-14)


def test_linear_is_elu_plus_one():
    query, key = vectors(2, 3, 5, 4), vectors(2, 3, 6, 4, seed=1)
    phi_query, phi_key = (np.where(x > 0.0, x + 1.0, np.exp(x)) for x in (query, key))
    products = phi_query @ phi_key.swapaxes(-1, -2)
    expected = products / products.sum(-1, keepdims=True)
    assert_allclose(attend(linear(), query, key), expected, rtol=1e-13)


def test_favor_is_the_published_estimator():
    query, key = vectors(5, 4), vectors(6, 4, seed=1)
    along = directions(64, 4, 7)
    phi_query, phi_key = (
        np.exp(x @ along.T - 0.5 * (x**2).sum(-1, keepdims=True)) / 8.0 for x in (query, key)
    )
    products = phi_query @ phi_key.T
    expected = products / products.sum(-1, keepdims=True)
    assert_allclose(attend(favor(64, seed=7), query, key), expected, rtol=1e-12)


def test_favor_is_unbiased_before_the_division():
    query, key = vectors(3, 4, spread=0.5), vectors(5, 4, spread=0.5, seed=1)
    products = 0.0
    for seed in range(300):
        along = directions(32, 4, seed)
        phi_query, phi_key = (
            np.exp(x @ along.T - 0.5 * (x**2).sum(-1, keepdims=True)) for x in (query, key)
        )
        products = products + phi_query @ phi_key.T / (32 * 300)
    assert_allclose(products, np.exp(query @ key.T), rtol=0.05)


def test_the_error_of_favor_falls_as_the_root_of_its_features():
    query, key = vectors(32, 8, spread=0.25), vectors(32, 8, spread=0.25, seed=1)
    counts = np.array([16, 64, 256, 1024])
    errors = [
        np.mean(
            [
                abs(attend(favor(int(c), s), query, key) - softmax(query, key)).mean()
                for s in range(12)
            ]
        )
        for c in counts
    ]
    slope = np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.06)


def test_directions_are_orthogonal_in_groups_and_gaussian():
    drawn = directions(6000, 6, 0).reshape(1000, 6, 6)
    gram = drawn @ drawn.swapaxes(-1, -2)
    assert abs(gram * (1.0 - np.eye(6))).max() < 1e-12
    flat = drawn.reshape(6000, 6)
    assert_allclose(flat.mean(0), 0.0, atol=0.05)
    assert_allclose(flat.T @ flat / 6000, np.eye(6), atol=0.07)
    assert_allclose((flat**2).sum(-1).var(), 12.0, rtol=0.1)  # χ² with 6 degrees: 2·6
    # uniform over the sphere: without the signs of the QR the diagonal would be one-sided
    assert_allclose((np.diagonal(drawn, axis1=1, axis2=2) > 0.0).mean(0), 0.5, atol=0.06)


def test_directions_depend_on_the_seed_alone_and_more_keep_the_first():
    assert_array_equal(directions(10, 4, 3), directions(30, 4, 3)[:10])
    assert not np.allclose(directions(10, 4, 3), directions(10, 4, 4))
    with pytest.raises(ValueError, match="read-only"):
        directions(10, 4, 3)[0, 0] = 1.0


@every
def test_a_block_of_queries_equals_them_all(kernel):
    query, key = vectors(2, 9, 4), vectors(2, 7, 4, seed=1)
    blocks = [attend(kernel, query[:, rows], key) for rows in (slice(0, 4), slice(4, 9))]
    assert_allclose(np.concatenate(blocks, axis=1), attend(kernel, query, key), rtol=1e-13)


@every
def test_one_key_for_many_heads(kernel):
    query, key = vectors(3, 5, 4), vectors(1, 6, 4, seed=1)
    assert_allclose(attend(kernel, query, key)[2], attend(kernel, query[2], key[0]), rtol=1e-13)


@every
def test_a_masked_key_equals_a_deleted_one(kernel):
    query, key = vectors(5, 4), vectors(6, 4, seed=1)
    weights = attend(kernel, query, key, np.arange(6) != 2)
    assert (weights[:, 2] == 0.0).all()
    assert_allclose(
        np.delete(weights, 2, 1), attend(kernel, query, np.delete(key, 2, 0)), rtol=1e-12
    )


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-30, 1.0, 100.0, 1e4])
def test_any_size_of_input_gives_rows_that_sum_to_one(kernel, dtype, size):
    query = vectors(5, 8, spread=size).astype(dtype)
    key = vectors(6, 8, spread=size, seed=1).astype(dtype)
    for signs in (1, -1):
        weights = attend(kernel, signs * abs(query), key)
        assert weights.dtype == dtype
        assert (weights >= 0.0).all()
        assert_allclose(weights.sum(-1), 1.0, rtol=1e-6)


def test_linear_weighs_features_too_small_to_hold():
    # φ(q)·φ(k) = 2·exp(−1e4) and exp(−2e4) + 1·1: the ratio is all that counts
    query = np.array([[0.0, -1e4]])
    weights = attend(linear(), query, np.array([[-1e4, 0.0], [-1e4 + np.log(2.0), -1e4]]))
    assert_allclose(weights, [[0.5, 0.5]], rtol=1e-12)


@every
def test_features_leave_query_and_key_as_they_are(kernel):
    query, key = vectors(5, 4), vectors(6, 4, seed=1)
    kept = query.copy(), key.copy()
    kernel.features(query, key)
    assert_array_equal(query, kept[0])
    assert_array_equal(key, kept[1])
