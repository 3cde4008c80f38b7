"""QK-norm: laws over every entry, lengths, and the ceiling it puts on a weight."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.attention import QK_NORMS
from pipeline.attention.score.qk_norm import l2, rms
from pipeline.base.records import Array

VECTORS = np.random.default_rng(0).standard_normal((2, 5, 8))
NORMING = sorted(set(QK_NORMS) - {"none"})


@pytest.mark.parametrize("name", QK_NORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_type_are_kept(name: str, dtype: type):
    given: Array = VECTORS.astype(dtype)
    normed = QK_NORMS[name](given)
    assert normed.shape == given.shape
    assert normed.dtype == dtype
    np.testing.assert_array_equal(given, VECTORS.astype(dtype))


@pytest.mark.parametrize("name", QK_NORMS)
@pytest.mark.parametrize("eps", [0.0, 1e-6])
def test_zero_stays_zero(name: str, eps: float):
    assert QK_NORMS[name](np.zeros((2, 4)), eps=eps).tolist() == [[0.0] * 4] * 2


@pytest.mark.parametrize("name", NORMING)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_length_is_forgotten_and_direction_kept(name: str, dtype: type):
    given: Array = VECTORS.astype(dtype)
    once = QK_NORMS[name](given, eps=0.0)
    for times in (1e-30, 1e-4, 3.0, 1e4, 1e30):
        again = QK_NORMS[name](given * dtype(times), eps=0.0)
        np.testing.assert_allclose(again, once, rtol=1e-5 if dtype is np.float32 else 1e-14)
    cosine = (once * given).sum(-1) / np.linalg.norm(once, axis=-1)
    np.testing.assert_allclose(cosine, np.linalg.norm(given, axis=-1), rtol=1e-5)


@pytest.mark.parametrize("name", NORMING)
def test_extremes_raise_no_warning(name: str):
    extremes = np.array([[1e308, 1e308], [5e-324, 0.0], [1e308, 5e-324]])
    assert np.isfinite(QK_NORMS[name](extremes)).all()


@pytest.mark.parametrize(("name", "length"), [("l2", 1.0), ("rms", np.sqrt(8))])
def test_every_vector_has_one_length(name: str, length: float):
    normed = QK_NORMS[name](VECTORS, gain=3.0, eps=0.0)
    np.testing.assert_allclose(np.linalg.norm(normed, axis=-1), 3.0 * length)


@pytest.mark.parametrize("name", NORMING)
def test_gain_one_an_entry(name: str):
    gain = np.arange(8.0)
    np.testing.assert_array_equal(
        QK_NORMS[name](VECTORS, gain=gain), QK_NORMS[name](VECTORS) * gain
    )


def test_by_hand():
    assert l2(np.array([[3.0, 4.0]])).tolist() == [[0.6, 0.8]]
    assert l2(np.array([[3.0, 4.0]]), eps=10.0).tolist() == [[0.3, 0.4]]
    np.testing.assert_allclose(rms(np.array([[1.0, 7.0]]), eps=0.0), [[0.2, 1.4]], rtol=1e-15)
    np.testing.assert_allclose(rms(np.array([[3.0, 1.0]]), eps=4.0), [[1.0, 1 / 3]])


def test_ceiling_of_a_weight():
    """Henry 2020: |logit| ≤ g, so p ≤ 1/(1 + (n − 1)·e^(−2g)): 0.105 for g = 1 and n = 64."""
    key = np.tile([[-500.0, 0.0]], (64, 1))
    key[0] = [1e-3, 0.0]
    logits = l2(np.array([[7.0, 0.0]])) @ l2(key).T
    weights = np.exp(logits) / np.exp(logits).sum()
    assert weights.max() == pytest.approx(1 / (1 + 63 * np.exp(-2)))
    assert round(weights.max(), 3) == 0.105
