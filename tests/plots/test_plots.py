"""Laws of every plot of a run: what it shows is the record, and any token can be shown."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots import DRAWN_METRICS, FORMATS, PLOTS, needed_metrics, render
from pipeline.plots.parts.token_labels import label
from tests.make import golden_outcome, outcome_of
from tests.plots.look import laid_out, outside, overlaps, tick_labels, words

every_plot = pytest.mark.parametrize("plot", PLOTS)

WORDS = [f"word{k}" for k in range(600)]
INPUTS: dict[str, LayerResult] = {
    "seed": golden_outcome(),
    "one token": outcome_of(["alone"]),
    "two equal tokens": outcome_of(["same", "same"]),
    "heads": outcome_of(["a", "b", "c"], heads=3),
    "causal": outcome_of(["a", "b", "c", "d"], mask="causal"),
    "all masked": outcome_of(["a", "b", "c"], mask={"padding": {"length": 0}}, heads=2),
    "dollars": outcome_of(["$x^2$", "$\\frac$", "$", "100%", "_a_", "\\"]),
    "very long": outcome_of(["Donaudampfschifffahrtsgesellschaft" * 3, "b" * 17, "c" * 18, "ab"]),
    "line breaks": outcome_of(["two\nlines", "a\tb", "c"]),
    "not Latin": outcome_of(["ペンギン", "膝", "لا", "колени", "हिन्दी", "🐧"]),
    "many long": outcome_of([f"Donaudampfschiffe{k}" for k in range(9)], mask="causal"),
    "16 tokens": outcome_of(WORDS[:16]),
    "17 tokens": outcome_of(WORDS[:17]),
    "60 tokens": outcome_of(WORDS[:60]),
    "zero vectors": outcome_of(["a", "b", "c"], vectors=np.zeros((3, 4))),
    "cross": outcome_of(["a", "b", "c"], keys=["d", "e", "f", "g", "h"], heads=2),
    "shared keys": outcome_of(["a", "b", "c"], heads=4, key_heads=2),
    "brought together": outcome_of(["a", "b", "c"], heads=2, output="random"),
    "one axis": outcome_of(["a", "b", "c"], vectors=np.array([[1.0], [2.0], [4.0]])),
}
every_input = pytest.mark.parametrize("name", INPUTS)


@cache
def drawn(plot: str, name: str) -> Drawing:
    """One drawing for all that look at it."""
    return PLOTS[plot](INPUTS[name], "T = 1, $caption$")  # a warning is an error here


@every_plot
@every_input
def test_it_is_drawn_without_a_warning_and_says_its_caption(plot: str, name: str) -> None:
    drawing = drawn(plot, name)
    assert render(drawing, "png", 50)[:4] == b"\x89PNG"
    assert any("T = 1, $caption$" in text for text in words(drawing.figure))


@every_plot
@every_input
def test_tick_labels_are_tokens_in_order_and_all_of_them_up_to_16(plot: str, name: str) -> None:
    outcome = INPUTS[name]
    for axes in drawn(plot, name).figure.axes:
        for axis, title in (("x", axes.get_xlabel()), ("y", axes.get_ylabel())):
            if title not in ("Keys", "Queries"):
                continue
            tokens = outcome.key_tokens if title == "Keys" else outcome.tokens
            short = [label(token) for token in tokens]
            ticks = axes.get_xticks() if axis == "x" else axes.get_yticks()
            texts = [text.get_text() for text in tick_labels(axes, axis)]
            assert texts == [short[int(place)] for place in ticks]
            assert len(texts) == len(short) or len(short) > 16
            assert len(texts) >= min(len(short), 16)


@every_plot
@pytest.mark.parametrize("name", [n for n in INPUTS if n != "not Latin"])
def test_no_tick_label_covers_another_or_is_cut(plot: str, name: str) -> None:
    drawing = drawn(plot, name)
    renderer = laid_out(drawing)
    for axes in drawing.figure.axes:
        for axis in ("x", "y"):
            labels = tick_labels(axes, axis)
            assert overlaps(labels, renderer) == []
            assert outside(labels, drawing, renderer) == []


@every_plot
@every_input
def test_the_table_has_a_value_a_column_and_names_every_token(plot: str, name: str) -> None:
    table = drawn(plot, name).table
    assert all(len(row) == len(table.columns) for row in table.rows)
    column = next(k for k, title in enumerate(table.columns) if title in ("query", "token", "key"))
    own = INPUTS[name].key_tokens if table.columns[column] == "key" else INPUTS[name].tokens
    assert set(own) <= {row[column] for row in table.rows}
    numbers = [x for row in table.rows for x in row if isinstance(x, float)]
    undefined = name == "all masked" and plot == "entropy"
    assert np.isnan(numbers).any() == undefined
    assert not np.isinf(numbers).any()


@every_plot
@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_figure_is_the_same_file_to_the_last_byte(plot: str, file_format: str) -> None:
    first, second = (
        render(PLOTS[plot](INPUTS["two equal tokens"], ""), file_format, 60) for _ in range(2)
    )
    assert first == second
    assert first != render(drawn(plot, "seed"), file_format, 60)


@every_plot
def test_the_caller_s_own_style_does_not_reach_the_figure(plot: str) -> None:
    import matplotlib

    plain = render(PLOTS[plot](INPUTS["seed"], ""), "png", 50)
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "image.cmap": "gray"}):
        styled = render(PLOTS[plot](INPUTS["seed"], ""), "png", 50)
        assert matplotlib.rcParams["font.size"] == 20
    assert styled == plain


def test_what_a_plot_draws_is_measured() -> None:
    assert set(DRAWN_METRICS) <= set(PLOTS)
    assert needed_metrics(list(PLOTS)) == tuple(
        dict.fromkeys(m for plot in PLOTS for m in DRAWN_METRICS.get(plot, ()))
    )
    assert needed_metrics([]) == ()


SCRIPT = """
import gc, sys
from tests.make import golden_outcome
from pipeline.plots import PLOTS, render
assert "matplotlib" not in sys.modules, "imported before anything was drawn"
from matplotlib.figure import Figure
for plot in PLOTS.values():
    render(plot(golden_outcome(), ""), "svg", 50)
from pipeline.plots.difference import difference
from pipeline.plots.render import template
from pipeline.plots.shared import shared_displacement
seen = golden_outcome()
render(difference(seen.attended.weights, seen.tokens, seen.tokens, ""), "png", 50)
both = (seen.static, seen.static), None, (seen.contextual, seen.static)
render(shared_displacement(seen.tokens, *both, ""), "png", 50)
assert "matplotlib.pyplot" not in sys.modules, "pyplot was imported"
gc.collect()
left = sum(isinstance(o, Figure) for o in gc.get_objects())
assert left == template.cache_info().currsize == 1, f"{left} figures are kept alive"
"""


def test_pyplot_is_never_imported_and_no_figure_but_a_template_outlives_its_use() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
