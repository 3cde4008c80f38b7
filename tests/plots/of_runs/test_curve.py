"""The sweep's curve: every run a point, a line for each value, one panel for each input."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from pipeline.base.drawing import Drawing
from pipeline.base.statistics import bootstrap
from pipeline.plots import render
from pipeline.plots.of_runs.curve import curve, make_palette
from tests.plots.look import laid_out, overlaps, tick_labels, words

Row = dict[str, Any]
T, SCALE, INPUT = "attention.temperature", "attention.scale", "sentences"


def rows(**axes: list[Any]) -> list[Row]:
    """A full grid; the entropy tells every point apart."""
    named = {"T": T, "scale": SCALE, "input": INPUT}
    names = [named[name] for name in axes]
    grid = itertools.product(*axes.values())
    return [{**dict(zip(names, v, strict=True)), "entropy": 0.1 * k} for k, v in enumerate(grid)]


def drawn(drawing: Drawing, panel: int = 0) -> list[Any]:
    """The lines of a panel, without those that are there for the legend."""
    axes = drawing.figure.axes[panel]
    return [line for line in axes.get_lines() if len(np.asarray(line.get_xydata()))]


def lines(drawing: Drawing, panel: int = 0) -> list[Any]:
    """The points of each line of a panel, as lists of (x, y)."""
    return [
        [tuple(point) for point in line.get_xydata().tolist()] for line in drawn(drawing, panel)
    ]


def test_one_line_through_every_run_in_the_order_of_the_axis() -> None:
    data = rows(T=[4.0, 0.25, 1.0])
    drawing = curve(data, T, None, None, "entropy")
    assert lines(drawing) == [[(0.25, 0.1), (1.0, 0.2), (4.0, 0.0)]]
    axes = drawing.figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("temperature", "entropy (nats)")
    assert "Entropy against temperature" in words(drawing.figure)


def test_its_table_is_the_runs() -> None:
    data = rows(scale=["sqrt_dk", "none"], T=[0.5, 1.0])
    table = curve(data, T, SCALE, None, "entropy").table
    assert table.columns == [SCALE, T, "entropy"]
    assert table.rows == [(row[SCALE], row[T], row["entropy"]) for row in data]


def test_scaled_and_unscaled_are_two_lines_with_a_legend() -> None:
    data = rows(scale=["sqrt_dk", "none"], T=[0.25, 1.0, 4.0])
    drawing = curve(data, T, SCALE, None, "entropy")
    assert lines(drawing) == [
        [(row[T], pytest.approx(row["entropy"])) for row in data if row[SCALE] == scale]
        for scale in ("sqrt_dk", "none")
    ]
    (legend,) = drawing.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["sqrt_dk", "none"]
    assert legend.get_title().get_text() == "scale"
    assert len({line.get_color() for line in drawn(drawing)}) == 2


def test_a_panel_for_each_input() -> None:
    data = rows(input=["penguins", "pinguins"], scale=["on", "off"], T=[1.0, 2.0])
    drawing = curve(data, T, SCALE, INPUT, "entropy")
    titles = [axes.get_title(loc="left") for axes in drawing.figure.axes]
    assert titles == ["sentences: penguins", "sentences: pinguins"]
    for place, name in enumerate(("penguins", "pinguins")):
        found = [point for line in lines(drawing, place) for point in line]
        assert found == [(r[T], pytest.approx(r["entropy"])) for r in data if r[INPUT] == name]
    assert len({axes.get_ylim() for axes in drawing.figure.axes}) == 1
    assert len(drawing.figure.legends) == 1


def test_runs_that_share_a_point_are_averaged_and_their_spread_is_shown() -> None:
    data = [{T: t, "entropy": e} for t, e in ((1.0, 0.2), (1.0, 0.4), (2.0, 0.6), (2.0, 0.6))]
    drawing = curve(data, T, None, None, "entropy")
    assert lines(drawing) == [[(1.0, pytest.approx(0.3)), (2.0, pytest.approx(0.6))]]
    assert drawing.figure.axes[0].collections  # the band of the standard error
    assert len(drawing.table.rows) == 4


def test_the_band_around_a_curve_holds_95_percent_of_the_resampled_means() -> None:
    values = np.arange(8.0)
    data = [{T: t, "entropy": e} for t in (1.0, 2.0) for e in values.tolist()]
    (band,) = curve(data, T, None, None, "entropy").figure.axes[0].collections
    edge = np.asarray(band.get_paths()[0].vertices)[:, 1]
    (low,), (high,) = bootstrap(values[:, None])
    assert (edge.min(), edge.max()) == (pytest.approx(low, abs=0.3), pytest.approx(high, abs=0.3))


@pytest.mark.parametrize(
    ("values", "scale"),
    [([0.25, 1.0, 4.0], "log"), ([1.0, 2.0, 3.0], "linear"), ([0.0, 1.0, 4.0], "linear"),
     ([-1.0, 1.0], "linear"), ([1.0], "linear")],
)  # fmt: skip
def test_the_axis_is_logarithmic_where_the_values_are_far_apart(
    values: list[float], scale: str
) -> None:
    drawing = curve(rows(T=values), T, None, None, "entropy")
    axes = drawing.figure.axes[0]
    assert axes.get_xscale() == scale
    renderer = laid_out(drawing)
    labels = tick_labels(axes, "x")
    assert [float(text.get_text().replace("−", "-")) for text in labels] == values
    assert overlaps(labels, renderer) == []


@pytest.mark.parametrize(
    "values",
    [["sqrt_dk", 0.5, "none"], [True, False], [f"s{k}" for k in range(9)], ["$a$", "{b}"]],
    ids=str,
)
def test_lines_for_values_of_any_kind(values: list[Any]) -> None:
    data = rows(scale=values, T=[1.0, 2.0])
    drawing = curve(data, T, SCALE, None, "entropy")
    render(drawing, "png", 40)
    assert sorted(lines(drawing)) == [
        [(row[T], pytest.approx(row["entropy"])) for row in data[2 * k : 2 * k + 2]]
        for k in range(len(values))
    ]
    (legend,) = drawing.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [str(value) for value in values]


def test_an_undefined_metric_leaves_a_gap_and_does_not_fail() -> None:
    data = [{T: t, "entropy": math.nan if t == 2 else t} for t in (1.0, 2.0, 3.0)]
    render(curve(data, T, None, None, "entropy"), "png", 40)
    nothing = [{T: t, "entropy": math.nan} for t in (1.0, 2.0)]
    render(curve(nothing, T, None, None, "entropy"), "png", 40)


def test_lines_can_be_told_apart() -> None:
    for count in (1, 8, 9, 20):
        assert len({str(color) for color in make_palette(count)}) == count


def test_uniform_attention_is_one_gray_dashed_line_where_all_lines_share_it() -> None:
    data = [{**row, "entropy_uniform": 1.5} for row in rows(T=[1.0, 2.0], scale=["a", "b"])]
    drawing = curve(data, T, SCALE, None, "entropy")
    *_, dashed = drawn(drawing)
    assert len(drawn(drawing)) == 3
    assert dashed.get_linestyle() == "--"
    assert dashed.get_ydata().tolist() == [1.5, 1.5]
    assert "uniform\nattention" in words(drawing.figure)
    assert list(drawing.table.columns) == [SCALE, T, "entropy", "entropy_uniform"]


def test_where_they_differ_the_dashes_have_the_colors_of_their_lines() -> None:
    """As under a mask and without one."""
    data = [
        {**row, "entropy_uniform": 1.0 if row[SCALE] == "a" else 2.0}
        for row in rows(T=[1.0, 2.0], scale=["a", "b"])
    ]
    first, second, *dashed = drawn(curve(data, T, SCALE, None, "entropy"))
    assert [line.get_ydata().tolist() for line in dashed] == [[1.0, 1.0], [2.0, 2.0]]
    assert [line.get_color() for line in dashed] == [first.get_color(), second.get_color()]
