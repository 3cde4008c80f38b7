"""Key mass: bars as high as the numbers, or a band where the sentence is long."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from pipeline.plots.of_run.entropy import entropy
from pipeline.plots.of_run.key_mass import key_mass
from pipeline.plots.parts.token_bars import MAX_BARS, MAX_BINS
from tests.make import outcome_of, outcome_of_rows
from tests.plots.look import laid_out, overlaps, tick_labels, words


def test_bars_are_the_mass_and_dashes_its_value_under_uniform_attention() -> None:
    """Of three rows the first key gets 1, ½ and 0; uniform causal ones give 1, ½, ⅓."""
    rows = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]
    drawing = key_mass(outcome_of_rows("abc", rows, [np.tri(3)]), "T = 1")
    (axes,) = drawing.figure.axes
    heights = [patch.get_height() for patch in axes.patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose(heights, [1.5 / 3, 0.5 / 3, 1 / 3])
    (dashes,) = [c for c in axes.collections if isinstance(c, LineCollection)]
    expected = np.array([1 + 1 / 2 + 1 / 3, 1 / 2 + 1 / 3, 1 / 3]) / 3
    np.testing.assert_allclose([s[0][1] for s in dashes.get_segments()], expected)
    assert drawing.table.columns == ("head", "key_position", "key", "mass", "mass_of_uniform")
    assert drawing.table.rows[0] == (0, 0, "a", pytest.approx(0.5), pytest.approx(expected[0]))


def test_the_keys_of_another_sentence_stand_along_it() -> None:
    drawing = key_mass(outcome_of("ab", keys="xyz"), "")
    labels = [text.get_text() for text in tick_labels(drawing.figure.axes[0], "x")]
    assert labels == ["x", "y", "z"]


@pytest.mark.parametrize(("plot", "count"), [(entropy, MAX_BARS + 1), (key_mass, 600)])
def test_a_long_sentence_is_a_band_over_positions(plot, count: int) -> None:
    outcome = outcome_of([f"w{k}" for k in range(count)], heads=2, mask="causal")
    drawing = plot(outcome, "T = 1")
    (axes,) = drawing.figure.axes
    assert not axes.patches
    assert axes.get_xlabel().endswith("by position")
    mean, uniform = (np.asarray(line.get_ydata()) for line in axes.get_lines())
    assert len(mean) == len(uniform) == len(drawing.table.rows) <= MAX_BINS
    values = outcome.metrics.rows["entropy"] if plot is entropy else outcome.metrics.totals.key_mass
    first, last, low, middle, high, _ = drawing.table.rows[-1]
    part = values[:, first : last + 1]
    np.testing.assert_allclose([low, middle, high], [part.min(), part.mean(), part.max()])
    assert last == count - 1
    np.testing.assert_array_equal(mean, [row[3] for row in drawing.table.rows])
    assert overlaps(tick_labels(axes, "x"), laid_out(drawing)) == []
    assert any("T = 1" in text for text in words(drawing.figure))
