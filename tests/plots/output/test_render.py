"""Templates: nothing of earlier figures shows, and figures look as matplotlib draws them whole."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from pipeline.base.drawing import Drawing, FigureTemplate
from pipeline.base.records import Array, LayerResult
from pipeline.plots import PLOTS, render
from pipeline.plots.of_runs.difference import difference
from pipeline.plots.output.render import MAX_TEMPLATES, template
from pipeline.plots.output.style import styled
from tests.make import outcome_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

every_plot = pytest.mark.parametrize("plot", PLOTS)

WORDS = ["alpha", "be", "gamma", "delta", "epsilonic"]
VECTORS = np.random.default_rng(3).standard_normal((5, 4))


OUTCOMES: dict[str, LayerResult] = {  # as the runs of a sweep differ
    "small": outcome_of(WORDS, vectors=0.1 * VECTORS),
    "causal": outcome_of(WORDS, vectors=VECTORS, mask="causal"),
    "no spread": outcome_of(WORDS, vectors=np.ones((5, 4))),
    "heads": outcome_of(WORDS, heads=3),
    "cross": outcome_of(WORDS, keys=["one", "two", "three"]),
    "other words": outcome_of([*WORDS[1:], "m" * 20]),
}


def drawn(plot: str, name: str) -> Drawing:
    """A drawing whose caption names its data."""
    return PLOTS[plot].draw(OUTCOMES[name], f"of {name}")


@pytest.mark.slow
@every_plot
def test_nothing_of_an_earlier_figure_shows(plot: str) -> None:
    fresh = {}
    for name in OUTCOMES:
        template.cache_clear()
        fresh[name] = render(drawn(plot, name), "png", 60)
    assert len(set(fresh.values())) == len(fresh)
    for name in reversed(OUTCOMES):
        assert render(drawn(plot, name), "png", 60) == fresh[name], name


@every_plot
def test_one_sentence_swept_uses_one_template(plot: str) -> None:
    template.cache_clear()
    for factor in (0.5, 1.0, 2.0):
        outcome = outcome_of(WORDS, vectors=VECTORS)
        weights = outcome.attended.weights**factor
        outcome.attended.weights[:] = weights / weights.sum(axis=-1, keepdims=True)
        render(PLOTS[plot].draw(outcome, f"T = {factor}"), "png", 60)
    assert template.cache_info().currsize == 1


def test_templates_are_kept_in_bounds_and_apart_by_resolution() -> None:
    template.cache_clear()
    first = drawn("heatmap", "small")
    assert render(first, "png", 50) != render(first, "png", 60)
    assert template.cache_info().currsize == 2
    for count in range(1, MAX_TEMPLATES + 5):
        render(PLOTS["heatmap"].draw(outcome_of(["w"] * count), ""), "png", 40)
    assert template.cache_info().currsize == MAX_TEMPLATES


@styled
def stock(figure: Figure, dpi: int) -> Array:
    """[height, width, 3] The figure as matplotlib's own canvas draws all of it."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=dpi)
    return read(buffer.getvalue())


def read(content: bytes) -> Array:
    """[height, width, 3] The pixels of a file."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB")).astype(float)


def trimmed(*pictures: Array) -> list[Array]:
    """Cut to the same size: by rounding one may have a row or a column more."""
    height, width = (min(sides) for sides in zip(*(p.shape[:2] for p in pictures), strict=True))
    assert max(abs(p.shape[k] - s) for p in pictures for k, s in enumerate((height, width))) <= 1
    return [picture[-height:, :width] for picture in pictures]


def wordless(plan: FigureTemplate) -> FigureTemplate:
    """The same with every text hidden."""

    def build(*key: Any) -> Any:
        figure, moving = plan.build(*key)
        for text in figure.findobj(Text):
            text.set_visible(False)
        return figure, moving

    return FigureTemplate(build, plan.key, plan.update)


DRAWINGS: dict[str, Drawing] = {
    **{f"{plot} {name}": drawn(plot, name) for plot in PLOTS for name in ("causal", "cross")},
    "difference": difference(OUTCOMES["heads"].attended.weights - 0.2, WORDS, WORDS, ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWINGS)
def test_all_but_the_words_is_as_drawn_whole(name: str) -> None:
    plan = DRAWINGS[name].plan
    assert isinstance(plan, FigureTemplate)
    without_words = wordless(plan)
    ours = read(render(Drawing(without_words, DRAWINGS[name].table), "png", 97))
    differs = abs(np.subtract(*trimmed(ours, stock(without_words.figure(), 97)))).max(axis=-1) > 3
    # The pixels on the border of two cells may differ: one line of them at most.
    assert differs.mean() < 2e-3
    template.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWINGS)
def test_words_are_where_matplotlib_sets_them_to_half_a_pixel(name: str) -> None:
    drawing = DRAWINGS[name]
    ours, whole = trimmed(read(render(drawing, "png", 144)), stock(drawing.figure, 144))
    assert abs(blurred(ours) - blurred(whole)).max() < 60
    assert abs(ours.mean() - whole.mean()) < 0.15
    assert ours.std() > 10


def blurred(picture: Array) -> Array:
    """Each pixel as the mean of the 49 around it."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (7, 7), axis=(0, 1))
    return windows.mean(axis=(-1, -2))
