"""The difference of two runs: the change of each weight, on a scale symmetric about zero."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.plots.of_runs.difference import difference
from tests.plots.look import words

CHANGE = np.array([[[0.1, -0.1, 0.0], [-0.3, 0.2, 0.1], [0.0, 0.0, 0.0]]])


@pytest.mark.parametrize("factor", [1.0, -1.0, 1e-9, 0.0])
def test_the_scale_is_symmetric_and_zero_is_white(factor: float) -> None:
    drawing = difference(factor * CHANGE, "abc", "abc", "T 1 → 2")
    axes = drawing.figure.axes[0]
    (image,) = axes.images
    np.testing.assert_array_equal(np.asarray(image.get_array()), factor * CHANGE[0])
    low, high = image.get_clim()
    assert low == -high < 0
    assert high == pytest.approx(max(0.3 * abs(factor), 1e-12))
    assert min(image.to_rgba(np.array([0.0]))[0][:3]) > 0.95
    # Lost weight is blue, won weight red.
    lost, won = (image.to_rgba(np.array([0.8 * end]))[0] for end in (low, high))
    assert lost[2] > lost[0]
    assert won[0] > won[2]


def test_it_says_what_was_changed() -> None:
    texts = words(difference(CHANGE, "abc", "abc", "T 1 → 2").figure)
    assert "Difference of attention weights\nT 1 → 2" in texts
    assert "Change of weight" in texts
    assert {"a", "b", "c", "Keys", "Queries", "−0.30", "0.20"} <= set(texts)


@pytest.mark.parametrize("largest", [0.3, 0.0189, 0.00123, 1.7e-4, 3.3e-5, 1e-9])
def test_the_bar_s_name_stands_clear_of_its_numbers(largest: float) -> None:
    figure = difference(CHANGE / 0.3 * largest, "abc", "abc", "").figure
    figure.draw_without_rendering()
    bar = figure.axes[-1].yaxis
    name = bar.label.get_window_extent()
    assert name.x1 < figure.bbox.x1
    low, high = figure.axes[-1].get_ylim()
    places = zip(bar.get_ticklocs(), bar.get_ticklabels(), strict=True)
    numbers = [text.get_window_extent() for at, text in places if low <= at <= high]
    assert len(numbers) > 2
    assert max(number.x1 for number in numbers) < name.x0


def test_a_change_too_small_to_show_is_zero_without_a_sign() -> None:
    texts = words(difference(np.full((1, 2, 2), -1e-9), "ab", "ab", "").figure)
    assert "0.00" in texts
    assert not {"-0.00", "−0.00"} & set(texts)


def test_its_table_is_the_change() -> None:
    heads = np.concatenate([CHANGE, -CHANGE])
    drawing = difference(heads, "abc", "abc", "")
    assert drawing.table.columns[-1] == "change"
    assert [row[-1] for row in drawing.table.rows] == heads.ravel().tolist()
    assert drawing.table.rows[10][:5] == (1, 0, "a", 1, "b")
    titles = [axes.get_title(loc="left") for axes in drawing.figure.axes]
    assert titles == ["head 0", "head 1", ""]  # the last is the color bar
