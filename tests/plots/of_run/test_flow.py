"""Rollout and norm-weighted attention as figures: they show the flow of the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from pipeline.base.records import Array, LayerResult
from pipeline.metrics import trace_flow
from pipeline.plots.of_run.norm_weighted import norm_weighted
from pipeline.plots.of_run.rollout import rollout
from tests.make import outcome_of
from tests.plots.look import tick_labels


def on_top_of_itself(layer: LayerResult) -> LayerResult:
    """The same layer once more, above the first: its rollout is no longer its weights."""
    flow = trace_flow(layer.attended, layer.embeddings, layer.metrics.flow)
    return replace(layer, metrics=replace(layer.metrics, flow=flow), layer=1)


OUTCOMES = {
    "heads": outcome_of("abcd", heads=6),
    "second layer": on_top_of_itself(outcome_of("abcd", heads=2)),
    "causal": outcome_of("abcd", mask="causal"),
    "cross": outcome_of("abc", keys="defgh", heads=2),
}


def shown(axes: Axes) -> Array:
    """The values of a panel, NaN where a cell is blank."""
    values: Any = axes.images[0].get_array()
    return np.ma.filled(values, np.nan)


every_outcome = pytest.mark.parametrize("name", OUTCOMES)


@every_outcome
def test_the_rollout_is_one_panel_for_all_heads(name: str) -> None:
    outcome = OUTCOMES[name]
    traced = outcome.metrics.flow
    assert traced is not None
    drawing = rollout(outcome, "")
    axes = drawing.figure.axes[0]
    np.testing.assert_array_equal(np.asarray(axes.images[0].get_array()), traced.rollout)
    assert [text.get_text() for text in tick_labels(axes, "x")] == list(outcome.key_tokens)
    assert [row[-1] for row in drawing.table.rows] == traced.rollout.ravel().tolist()
    assert drawing.table.columns[-1] == "share"


@every_outcome
def test_each_head_has_its_weights_and_beside_them_what_they_pass_on(name: str) -> None:
    outcome = OUTCOMES[name]
    traced, heads = outcome.metrics.flow, len(outcome.attended.weights)
    assert traced is not None
    drawing = norm_weighted(outcome, "")
    panels = drawing.figure.axes[: 2 * heads]
    allowed = np.broadcast_to(outcome.attended.allowed, traced.weights.shape)
    for head in range(heads):
        left, right = panels[2 * head : 2 * head + 2]
        told = f"head {head}: " if heads > 1 else ""
        assert [one.get_title(loc="left") for one in (left, right)] == [f"{told}α", f"{told}‖αv‖"]
        weights, shares = (shown(one) for one in (left, right))
        np.testing.assert_array_equal(
            weights, np.where(allowed[head], traced.weights[head], np.nan)
        )
        norms = traced.weighted[head]
        expected = norms / norms.sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(shares, np.where(allowed[head], expected, np.nan))
        # Side by side: the same height, the one left of the other.
        assert left.get_position().y0 == right.get_position().y0
        assert left.get_position().x1 < right.get_position().x0


def test_the_table_has_the_norm_itself_and_its_share() -> None:
    table = norm_weighted(OUTCOMES["heads"], "").table
    traced = OUTCOMES["heads"].metrics.flow
    assert traced is not None
    assert list(table.columns)[-3:] == ["weight", "norm", "share"]
    numbers = np.array([row[-3:] for row in table.rows], dtype=float)
    np.testing.assert_array_equal(numbers[:, 0], traced.weights.ravel())
    np.testing.assert_array_equal(numbers[:, 1], traced.weighted.ravel())
    sums = numbers[:, 2].reshape(traced.weights.shape).sum(axis=-1)
    np.testing.assert_allclose(sums, 1.0)
