"""Metrics of rows: each worked by hand, and the laws of some."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.base.records import Array, Rows
from pipeline.metrics import ROW_METRICS
from pipeline.metrics.rows.memo import memoize
from tests.make import attended
from tests.metrics.make import measured

HALVES = [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5], [0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0]]
BY_HAND: dict[str, list[float]] = {
    "entropy": [math.log(2), math.log(2), math.log(4), 0],
    "entropy_normalized": [0.5, 0.5, 1, 0],
    "kl_uniform": [math.log(2), math.log(2), 0, math.log(4)],
    "effective_keys": [2, 2, 4, 1],
    "support_size": [2, 2, 4, 1],
    "max_weight": [0.5, 0.5, 0.25, 1],
    "self_weight": [0.5, 0, 0.25, 0],
    "mean_distance": [0.5, 1.5, (2 + 1 + 0 + 1) / 4, 3],
    "previous_token": [math.nan, 0, 0.25, 0],  # the first token has none before it
    "duplicate_token": [0, 0.5, 0.25, 0],  # the words are a b a b
    "sink_mass": [0.5, 0, 0.25, 1],
    # J = [[¼, −¼], [−¼, ¼]] has norm ½; four equal keys √3/4; a one-hot row 0.
    "jacobian_norm": [0.5, 0.5, math.sqrt(3) / 4, 0],
    "jacobian_spectral": [0.5, 0.5, 0.25, 0],
    "leaked_mass": [0, 0, 0, 0],
    # (½, ½, 0, 0) − (1, 0, 0, 0) has length √½; (1, 0, 0, 0) − (0, 0, 0, 1) has √2.
    "displacement": [math.sqrt(0.5), math.sqrt(0.25 + 1 + 0.25), math.sqrt(0.75), math.sqrt(2)],
    "cosine": [math.sqrt(0.5), 0, 0.5, 0],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_rows_worked_by_hand(name: str) -> None:
    result = measured(np.array(HALVES), name)
    np.testing.assert_allclose(result.rows[name][0], BY_HAND[name], atol=1e-12)


def test_every_row_metric_is_worked_by_hand() -> None:
    assert set(ROW_METRICS) <= set(BY_HAND)


def test_under_a_mask_entropy_counts_the_allowed_keys_alone() -> None:
    """Uniform over what a causal mask allows is as even as possible: 1 at any length."""
    allowed = np.tri(4, dtype=bool)
    rows = allowed / allowed.sum(axis=-1, keepdims=True)
    result = measured(rows, "entropy", "entropy_normalized", allowed=allowed)
    np.testing.assert_allclose(result.rows["entropy"][0], np.log([1, 2, 3, 4]), atol=1e-12)
    assert math.isnan(result.rows["entropy_normalized"][0, 0])  # one key: no choice
    np.testing.assert_allclose(result.rows["entropy_normalized"][0, 1:], 1)
    assert result.scalars["entropy_normalized"] == pytest.approx(1)


@given(hnp.arrays(float, (3, 5), elements=st.just(0.0) | st.floats(1e-3, 1)))
def test_renyi_entropies_do_not_rise_with_their_order(raw: Array) -> None:
    """ln 5 ≥ H ≥ ln(1/Σp²) ≥ ln(1/max p): of order 0, 1, 2 and infinity."""
    raw[:, 0] += 0.01  # no row all zero
    rows = attended(raw / raw.sum(axis=-1, keepdims=True)).rows
    entropy, effective, largest = (
        ROW_METRICS[name](rows) for name in ("entropy", "effective_keys", "max_weight")
    )
    slack = 1e-9
    assert (entropy <= math.log(5) + slack).all()
    assert (np.log(effective) <= entropy + slack).all()
    assert (-np.log(largest) <= np.log(effective) + slack).all()
    assert (largest <= 1).all()


def test_shared_results_are_computed_once_per_block() -> None:
    calls = []

    @memoize
    def counted(rows: Rows) -> Array:
        calls.append(rows)
        return rows.weights.sum(axis=-1)

    first, second = (Rows(weights, np.full(4, 4)) for weights in (np.eye(4), np.full((4, 4), 0.25)))
    assert [counted(first).tolist() for _ in range(3)] == [[1.0] * 4] * 3
    counted(second)
    assert calls == [first, second]
