"""Words on whole pixels: matplotlib's own, moved by half a pixel at most."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from pipeline.base.records import Array
from pipeline.plots.output.agg import Agg, split_words

FONT = FontProperties(family=["DejaVu Sans"], size=11)


def drawn(kind: Any, x: float, y: float, text: str, angle: float, alpha: float | None) -> Array:
    """[200, 300, 4] What a renderer makes of a text on its own."""
    renderer = kind(300, 200, 100.0)
    context = renderer.new_gc()
    if alpha is not None:
        context.set_alpha(alpha)
    context.set_foreground("#d55e00")
    renderer.draw_text(context, x, y, text, FONT, angle)
    return np.array(renderer.buffer_rgba()).astype(float)


@pytest.mark.parametrize("alpha", [None, 0.5])
@pytest.mark.parametrize("angle", [0, 40, 90])
@pytest.mark.parametrize("text", ["não", "(jg)", "…"])
def test_a_word_on_a_whole_pixel_is_matplotlib_s(
    text: str, angle: float, alpha: float | None
) -> None:
    ours, stock = (drawn(kind, 100, 120, text, angle, alpha) for kind in (Agg, RendererAgg))
    assert stock[..., 3].any()
    assert abs(ours - stock)[stock[..., 3] > 0].max() <= 1
    np.testing.assert_array_equal(ours[..., 3] > 0, stock[..., 3] > 0)


@pytest.mark.parametrize("angle", [0, 40, 90])
@pytest.mark.parametrize(("x", "y"), [(100.4, 120.4), (99.6, 119.51), (100.49, 119.7)])
def test_a_word_between_pixels_goes_to_the_nearest(x: float, y: float, angle: float) -> None:
    np.testing.assert_array_equal(
        drawn(Agg, x, y, "word", angle, None), drawn(Agg, 100, 120, "word", angle, None)
    )


def test_a_line_of_words_is_as_wide_as_matplotlib_s() -> None:
    line = "scale sqrt_dk, T = 0.25, mask causal + window left=2"
    ours, stock = (
        kind(300, 200, 144.0).get_text_width_height_descent(line, FONT, False)
        for kind in (Agg, RendererAgg)
    )
    np.testing.assert_allclose(ours, stock, atol=3)


def test_a_space_and_nothing_draw_nothing() -> None:
    for text in ("", " ", "  "):
        assert not drawn(Agg, 100, 120, text, 0, None)[..., 3].any()
    assert split_words("  two words ") == ["  ", "two ", "words "]
