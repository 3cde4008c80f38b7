"""Laws of every plot of a run: it shows the record, and any token can be shown."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots import PLOTS, needed_metrics, render
from pipeline.plots.parts.token_labels import label
from tests.make import golden_outcome, outcome_of
from tests.plots.look import laid_out, outside, overlaps, tick_labels, words

every_plot = pytest.mark.parametrize("plot", PLOTS)

TOKENS = [f"word{k}" for k in range(60)]
INPUTS: dict[str, LayerResult] = {
    "seed": golden_outcome(),
    "one token": outcome_of(["alone"]),
    "fully masked": outcome_of(["a", "b", "c"], mask={"padding": {"length": 0}}, heads=2),
    "markup": outcome_of(["$x^2$", "$\\frac$", "$", "100%", "_a_", "two\nlines"]),
    "very long": outcome_of(["Donaudampfschifffahrtsgesellschaft" * 3, "b" * 17, "c" * 18, "ab"]),
    "not Latin": outcome_of(["ペンギン", "膝", "لا", "колени", "हिन्दी", "🐧"]),
    "16 tokens, causal": outcome_of(TOKENS[:16], mask="causal"),
    "60 tokens": outcome_of(TOKENS),
    "zero vectors": outcome_of(["a", "a", "b"], vectors=np.zeros((3, 4))),
    "cross": outcome_of(["a", "b", "c"], keys=["d", "e", "f", "g", "h"], heads=2),
    "shared keys": outcome_of(["a", "b", "c"], heads=4, key_heads=2, output="random"),
}
every_input = pytest.mark.parametrize("name", INPUTS)


@cache
def drawn(plot: str, name: str) -> Drawing:
    """One drawing for all tests that look at it."""
    return PLOTS[plot].draw(INPUTS[name], "T = 1, $caption$")  # a warning is an error here


@every_plot
@every_input
def test_the_caption_is_shown_and_the_table_names_every_token(plot: str, name: str) -> None:
    drawing = drawn(plot, name)
    assert render(drawing, "png", 50)[:4] == b"\x89PNG"
    assert any("T = 1, $caption$" in text for text in words(drawing.figure))
    table = drawing.table
    assert all(len(row) == len(table.columns) for row in table.rows)
    column = next(k for k, title in enumerate(table.columns) if title in ("query", "token", "key"))
    own = INPUTS[name].key_tokens if table.columns[column] == "key" else INPUTS[name].tokens
    assert set(own) <= {row[column] for row in table.rows}
    numbers = [x for row in table.rows for x in row if isinstance(x, float)]
    assert np.isnan(numbers).any() == (name == "fully masked" and plot == "entropy")
    assert not np.isinf(numbers).any()


@every_plot
@every_input
def test_tick_labels_are_the_tokens_and_none_covers_another_or_is_cut(plot: str, name: str) -> None:
    layer, drawing = INPUTS[name], drawn(plot, name)
    renderer = None if name == "not Latin" else laid_out(drawing)  # our font lacks its glyphs
    for axes in drawing.figure.axes:
        for axis, title in (("x", axes.get_xlabel()), ("y", axes.get_ylabel())):
            labels = tick_labels(axes, axis)
            if renderer:
                assert overlaps(labels, renderer) == []
                assert outside(labels, drawing, renderer) == []
            if title in ("Keys", "Queries"):
                tokens = layer.key_tokens if title == "Keys" else layer.tokens
                expected = [label(token) for token in tokens]
                ticks = axes.get_xticks() if axis == "x" else axes.get_yticks()
                texts = [text.get_text() for text in labels]
                assert texts == [expected[int(position)] for position in ticks]
                assert len(texts) == len(tokens) or len(texts) >= 16


def test_the_caller_s_own_style_does_not_reach_a_figure() -> None:
    import matplotlib

    def files() -> list[bytes]:
        return [render(plot.draw(INPUTS["seed"], ""), "png", 50) for plot in PLOTS.values()]

    plain = files()
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "image.cmap": "gray"}):
        assert files() == plain
        assert matplotlib.rcParams["font.size"] == 20


def test_the_metrics_that_plots_need_are_each_named_once() -> None:
    assert needed_metrics([]) == ()
    assert needed_metrics(["rollout", "entropy", "rollout"]) == ("rollout_entropy", "entropy")
    assert set(needed_metrics(PLOTS)) == {metric for p in PLOTS.values() for metric in p.needs}


SCRIPT = """
import gc, sys
from tests.make import golden_outcome
from pipeline.plots import PLOTS, render
assert "matplotlib" not in sys.modules, "imported before anything was drawn"
from matplotlib.figure import Figure
for plot in PLOTS.values():
    render(plot.draw(golden_outcome(), ""), "svg", 50)
from pipeline.plots.of_runs.difference import difference
from pipeline.plots.of_runs.paired_displacement import paired_displacement
from pipeline.plots.output.render import template
layer = golden_outcome()
render(difference(layer.attended.weights, layer.tokens, layer.tokens, ""), "png", 50)
both = (layer.before, layer.before), None, (layer.after, layer.before)
render(paired_displacement(layer.tokens, *both, ""), "png", 50)
assert "matplotlib.pyplot" not in sys.modules, "pyplot was imported"
gc.collect()
left = sum(isinstance(o, Figure) for o in gc.get_objects())
assert left == template.cache_info().currsize == 1, f"{left} figures are kept alive"
"""


def test_pyplot_is_never_imported_and_no_figure_but_a_template_outlives_its_use() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
