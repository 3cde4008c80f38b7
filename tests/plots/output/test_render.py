"""Templates: what was drawn before never shows, and pictures are as matplotlib draws them whole."""

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
from pipeline.plots.output.render import TEMPLATES, template
from pipeline.plots.output.style import styled
from tests.make import outcome_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

every_plot = pytest.mark.parametrize("plot", PLOTS)

WORDS = ["alpha", "be", "gamma", "delta", "epsilonic"]
VECTORS = np.random.default_rng(3).standard_normal((5, 4))


def variants() -> dict[str, LayerResult]:
    """One sentence's figures as sweeps make them: other weights, other masks, other vectors."""
    return {
        **{
            f"{mask} x{factor:g}": outcome_of(WORDS, vectors=factor * VECTORS, mask=mask)
            for mask in ("none", "causal")
            for factor in (1.0, 0.1, 9.0)
        },
        "no spread": outcome_of(WORDS, vectors=np.ones((5, 4))),
        "heads": outcome_of(WORDS, heads=3),
        "cross": outcome_of(WORDS, keys=["one", "two", "three"]),
        "other words": outcome_of([*WORDS[1:], "m" * 20]),
    }


OUTCOMES = variants()


def drawn(plot: str, name: str) -> Drawing:
    """A drawing that says what it is of."""
    return PLOTS[plot](OUTCOMES[name], f"of {name}")


@every_plot
def test_a_template_leaves_no_trace_of_what_was_drawn_with_it_before(plot: str) -> None:
    fresh = {}
    for name in OUTCOMES:
        template.cache_clear()
        fresh[name] = render(drawn(plot, name), "png", 60)
    assert len(set(fresh.values())) == len(fresh)
    for names in (list(OUTCOMES), list(OUTCOMES)[::-1]):
        for name in names:
            assert render(drawn(plot, name), "png", 60) == fresh[name], name


@every_plot
def test_one_sentence_swept_uses_one_template(plot: str) -> None:
    template.cache_clear()
    for factor in (0.5, 1.0, 2.0):
        outcome = outcome_of(WORDS, vectors=VECTORS)
        weights = outcome.attended.weights**factor
        outcome.attended.weights[:] = weights / weights.sum(axis=-1, keepdims=True)
        render(PLOTS[plot](outcome, f"T = {factor}"), "png", 60)
    assert template.cache_info().currsize == 1


def test_templates_are_kept_in_bounds_and_apart_by_resolution() -> None:
    template.cache_clear()
    first = drawn("heatmap", "none x1")
    assert render(first, "png", 50) != render(first, "png", 60)
    assert template.cache_info().currsize == 2
    for count in range(1, TEMPLATES + 5):
        render(PLOTS["heatmap"](outcome_of(["w"] * count), ""), "png", 40)
    assert template.cache_info().currsize == TEMPLATES


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
    """Without the row or column that one has and the other, by rounding, has not."""
    height, width = (min(sides) for sides in zip(*(p.shape[:2] for p in pictures), strict=True))
    assert max(abs(p.shape[k] - s) for p in pictures for k, s in enumerate((height, width))) <= 1
    return [picture[-height:, :width] for picture in pictures]


def wordless(sheet: FigureTemplate) -> FigureTemplate:
    """The same with every text hidden."""

    def frame(*about: Any) -> Any:
        figure, parts = sheet.build(*about)
        for text in figure.findobj(Text):
            text.set_visible(False)
        return figure, parts

    return FigureTemplate(frame, sheet.key, sheet.update)


def sheets() -> dict[str, Drawing]:
    """Every kind of sheet with every kind of data."""
    made = {f"{plot} {name}": drawn(plot, name) for plot in PLOTS for name in OUTCOMES}
    made["difference"] = difference(OUTCOMES["heads"].attended.weights - 0.2, WORDS, WORDS, "")
    return made


DRAWINGS = sheets()


@pytest.mark.parametrize("name", DRAWINGS)
def test_all_but_the_words_is_as_drawn_whole(name: str) -> None:
    plan = DRAWINGS[name].plan
    if not isinstance(plan, FigureTemplate):
        pytest.skip("drawn whole")
    sheet = wordless(plan)
    for dpi in (97, 144):
        ours = read(render(Drawing(sheet, DRAWINGS[name].table), "png", dpi))
        off = abs(np.subtract(*trimmed(ours, stock(sheet.figure(), dpi)))).max(axis=-1) > 3
        # Cells may share the pixels of a border differently: one line of them at most.
        assert off.mean() < 2e-3
        template.cache_clear()


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
