"""Entropy by token: bars as high as the metric, dashes at ln(keys)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array
from pipeline.plots.of_run.entropy import entropy
from tests.make import golden_outcome, outcome_of, outcome_of_rows


def bars(drawing: Drawing) -> Array:
    """The heights of the bars, from left to right."""
    (axes,) = drawing.figure.axes
    return np.array([patch.get_height() for patch in axes.patches])  # type: ignore[attr-defined]


def dashes(drawing: Drawing) -> Array:
    """The heights of the dashes."""
    (axes,) = drawing.figure.axes
    (lines,) = [c for c in axes.collections if isinstance(c, LineCollection)]
    return np.array([segment[0][1] for segment in lines.get_segments()])


def test_rows_worked_by_hand() -> None:
    rows: list[list[float]] = [[0.5, 0.5, 0, 0], [0.25] * 4, [0, 0, 1, 0], [0.5, 0, 0, 0.5]]
    drawing = entropy(outcome_of_rows("abcd", rows), "")
    np.testing.assert_allclose(bars(drawing), np.log([2, 4, 1, 2]), atol=1e-12)
    np.testing.assert_allclose(dashes(drawing), math.log(4))
    assert drawing.table.columns == (
        "head", "query_position", "query", "entropy", "entropy_of_uniform",
    )  # fmt: skip
    assert drawing.table.rows[0] == (0, 0, "a", pytest.approx(math.log(2)), math.log(4))


def test_bars_are_the_metric_of_the_seed() -> None:
    outcome = golden_outcome()
    drawing = entropy(outcome, "")
    np.testing.assert_array_equal(bars(drawing), outcome.metrics.rows["entropy"][0])


def test_heads_are_dots_around_their_mean() -> None:
    outcome = outcome_of("abc", heads=4)
    drawing = entropy(outcome, "")
    values = outcome.metrics.rows["entropy"]
    np.testing.assert_allclose(bars(drawing), values.mean(axis=0), rtol=1e-12)
    (axes,) = drawing.figure.axes
    dots = np.array([line.get_ydata() for line in axes.get_lines()])
    np.testing.assert_array_equal(dots, values)
    assert [row[3] for row in drawing.table.rows] == values.ravel().tolist()


def test_under_a_causal_mask_the_most_grows_with_the_keys() -> None:
    drawing = entropy(outcome_of("abcd", mask="causal"), "")
    np.testing.assert_allclose(dashes(drawing), np.log([1, 2, 3, 4]), atol=1e-12)
    assert (bars(drawing) <= dashes(drawing) + 1e-12).all()


def test_all_of_it_is_in_view() -> None:
    for outcome in (golden_outcome(), outcome_of(["alone"]), outcome_of("abcdef" * 9)):
        drawing = entropy(outcome, "")
        (axes,) = drawing.figure.axes
        low, high = axes.get_ylim()
        assert low == 0
        assert max(bars(drawing).max(), dashes(drawing).max()) < high
        left, right = axes.get_xlim()
        assert left < 0 <= len(outcome.tokens) - 1 < right
