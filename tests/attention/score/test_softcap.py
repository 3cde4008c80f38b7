"""Soft-cap: its bound, its order, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.attention.score.softcap import softcap
from pipeline.base.records import Array

DTYPES = [np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cap", [1e-30, 0.5, 5.0, 50.0, 1e30])
def test_bound_order_and_type(cap: float, dtype: type):
    logits: Array = np.array([-1e4, -80, -3, -1e-3, 0, 1e-3, 3, 80, 1e4], dtype=dtype)
    capped = softcap(logits.copy(), cap)
    assert capped.dtype == dtype
    assert (np.abs(capped) <= dtype(cap)).all()
    assert (np.diff(capped) >= 0).all()
    np.testing.assert_array_equal(np.sign(capped), np.sign(logits))
    np.testing.assert_array_equal(capped, -capped[::-1])


def test_by_hand():
    """50·tanh(1) and 50·tanh(ln 2) = 50·3/5."""
    got = softcap(np.array([50.0, 50 * np.log(2)]), 50.0)
    np.testing.assert_allclose(got, [50 * 0.7615941559557649, 30.0], rtol=1e-15)


def test_small_logits_stay():
    logits = np.linspace(-0.1, 0.1, 11)
    np.testing.assert_allclose(softcap(logits.copy(), 50.0), logits, rtol=2e-6)


def test_none_is_off():
    logits = np.array([1e4])
    assert softcap(logits, None) is logits
    assert logits.tolist() == [1e4]


def test_it_works_in_place():
    logits = np.array([[1.0, 2.0]])
    assert softcap(logits, 1.0) is logits
    assert logits[0, 1] == np.tanh(2.0)


@pytest.mark.parametrize("masked", [-np.inf, -1e9])
def test_a_key_masked_before_the_cap_comes_back(masked: float):
    """So the mask comes after: at c = 5 the future would get e^(−5) of a flat key's weight."""
    capped = softcap(np.array([0.0, masked]), 5.0)
    assert capped.tolist() == [0.0, -5.0]
