"""Laws of every normalizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.attention import NORMALIZERS
from pipeline.records import Array, Mask

FINITE = st.floats(-30, 30, width=32)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=3, max_side=6)
every_normalizer = pytest.mark.parametrize("name", NORMALIZERS)


@st.composite
def masked_logits(draw: Any) -> tuple[Array, Mask]:
    """Logits, and which of the keys take part."""
    shape = draw(SHAPES)
    return draw(hnp.arrays(float, shape, elements=FINITE)), draw(hnp.arrays(bool, shape))


def rows(name: str, logits: Array, allowed: Mask | None = None) -> Array:
    """The normalizer's rows; it may overwrite what it is given."""
    kept = logits if allowed is None else np.where(allowed, logits, -np.inf)
    return NORMALIZERS[name](kept.copy())


@every_normalizer
@given(masked_logits())
def test_rows_are_non_negative_and_sum_to_one_or_to_zero_where_all_is_masked(
    name: str, given: tuple[Array, Mask]
) -> None:
    logits, allowed = given
    weights = rows(name, logits, allowed)
    assert weights.shape == logits.shape
    assert (weights >= 0).all()
    assert (weights[~allowed] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), allowed.any(axis=-1), atol=1e-12)


@every_normalizer
@given(masked_logits(), FINITE)
def test_a_constant_added_to_a_row_changes_nothing(
    name: str, given: tuple[Array, Mask], constant: float
) -> None:
    logits, allowed = given
    moved = rows(name, logits + constant, allowed)
    np.testing.assert_allclose(moved, rows(name, logits, allowed), atol=1e-12)


@every_normalizer
@given(st.data())
def test_masking_a_key_is_deleting_it(name: str, data: st.DataObject) -> None:
    logits = data.draw(hnp.arrays(float, (3, 5), elements=FINITE))
    kept = data.draw(hnp.arrays(bool, 5))
    masked = rows(name, logits, np.broadcast_to(kept, logits.shape))[:, kept]
    if kept.any():
        np.testing.assert_allclose(masked, rows(name, logits[:, kept]), atol=1e-15)


@every_normalizer
@given(hnp.arrays(float, (3, 5), elements=FINITE), st.permutations(range(5)))
def test_permuting_keys_permutes_weights(name: str, logits: Array, order: list[int]) -> None:
    permuted = rows(name, logits[:, order])
    np.testing.assert_allclose(permuted, rows(name, logits)[:, order], atol=1e-15)


@every_normalizer
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_large_logits_raise_no_warning_and_keep_their_type(
    name: str, dtype: type[np.floating[Any]]
) -> None:
    logits: Array = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, -np.inf]], dtype)
    weights = rows(name, logits)  # a warning is an error here
    assert weights.dtype == dtype
    np.testing.assert_allclose(weights, [[1.0, 0.0, 0.0], [1 / 3] * 3, [0.5, 0.5, 0.0]], rtol=1e-3)


@every_normalizer
def test_a_larger_logit_never_gets_less(name: str) -> None:
    logits = np.linspace(-3, 3, 7)[None]
    assert (np.diff(rows(name, logits)) >= 0).all()


def test_softmax_by_hand() -> None:
    weights = rows("softmax", np.log([[1.0, 2.0, 5.0]]))
    np.testing.assert_allclose(weights, [[1 / 8, 2 / 8, 5 / 8]], rtol=1e-15)
