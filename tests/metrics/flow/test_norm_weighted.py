"""Norm-weighted attention: what is passed on, against what gets attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import rankdata, spearmanr

from pipeline.base.records import Array, Flow, Mask
from pipeline.config.schema.config import Config
from pipeline.metrics.flow.norm_weighted import norm_rank, ranks
from pipeline.run import run
from tests.make import outcome_of

ConfigOf = Callable[..., Config]
FEW = st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0])
ROWS = hnp.arrays(float, (3, 6), elements=FEW)


@given(ROWS)
def test_ranks_are_those_of_scipy(rows: Array) -> None:
    expected = rankdata(rows, axis=-1) - 1  # from 0
    np.testing.assert_array_equal(ranks(rows, np.ones(rows.shape, bool)), expected)


@given(ROWS, ROWS, hnp.arrays(bool, (3, 6)))
def test_rho_is_that_of_scipy_over_the_allowed_keys(x: Array, y: Array, allowed: Mask) -> None:
    rho = norm_rank(Flow(x, allowed, y, x))
    for k, keys in enumerate(allowed):
        a, b = x[k, keys], y[k, keys]
        if len(set(a)) < 2 or len(set(b)) < 2:
            assert np.isnan(rho[k])
        else:
            assert rho[k] == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_numbers_that_rounding_alone_tells_apart_are_equal() -> None:
    row = 0.25 + np.array([0.0, 1e-17, -3e-17, 1e-16])
    assert ranks(row, np.ones(4, bool)).tolist() == [1.5] * 4
    assert np.isnan(norm_rank(Flow(row[None], np.ones((1, 4), bool), row[None], row[None])))[0]


@pytest.mark.parametrize(
    "shape", [{}, {"key_heads": 1}, {"output": "random"}, {"output": "random", "value_width": 3}]
)
def test_an_output_is_the_sum_of_what_its_keys_add(shape: dict[str, Any]) -> None:
    """‖α_ij v_j W_O^h‖ from the parts, one by one."""
    layer = outcome_of("abcde", heads=2, **shape)
    projected, weights = layer.projected, layer.attended.weights
    value = np.broadcast_to(projected.value, (2, *projected.value.shape[1:]))
    if projected.output is not None:
        value = value @ projected.output.reshape(2, -1, projected.output.shape[1])
    parts = weights[..., None] * value[:, None]
    flow = layer.metrics.flow
    assert flow is not None
    np.testing.assert_allclose(flow.weighted, np.linalg.norm(parts, axis=-1), rtol=1e-12)
    summed = parts.sum(axis=2)
    given = summed if projected.output is None else summed.sum(axis=0, keepdims=True)
    np.testing.assert_allclose(given, layer.embeddings.after, atol=1e-12)


def test_a_long_value_reverses_the_ranks(config_of: ConfigOf) -> None:
    """ "Os" likes itself best, and most of what it is given comes from "tem"."""
    table = ("embeddings.table.Os=[1,0,0,0]", "embeddings.table.tem=[0,9,0,0]")
    chosen = (*table, "sentences.text=Os tem", "metrics=[norm_rank]")
    layer = run(config_of(*chosen)).layers[0]
    assert layer.metrics.rows["norm_rank"].tolist() == [[-1.0, 1.0]]
    alike = run(config_of("embeddings=one_hot", "metrics=[norm_rank]")).layers[0]
    np.testing.assert_allclose(alike.metrics.rows["norm_rank"], 1.0)
