"""The canvas of every PNG: matplotlib's Agg with a cache of rendered words.

Drawing a small figure is mostly drawing text, and rendering a word takes fifty times as long as
copying its pixels. So matplotlib renders each word once for each size and resolution; from then on
its pixels are copied, always to whole pixels, so that they are the same wherever the word stands.
The cache halves the time of a figure.

Imported late, as it imports matplotlib.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import FontProperties

MAX_WORDS = 4096  # in memory, at about 2 kB each
MAX_SIZES = 65536  # words whose size is kept
MARGIN = 2  # pixels around a word into which its glyphs may reach

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Word:
    """A rendered word, ready to be copied."""

    pixels: Pixels  # [height, width, 4], the bottom row first, as Agg takes images
    left: int  # pixels from the start of the word to the left edge of `pixels`
    below: int  # pixels from its baseline down to the bottom row


@lru_cache(MAX_SIZES)
def word_size(word: str, font: FontProperties, dpi: float) -> tuple[float, float, float]:
    """Width, height and descent in pixels, with the spaces after the word."""
    return RendererAgg(1, 1, dpi).get_text_width_height_descent(word, font, False)


@lru_cache(MAX_WORDS)
def render_word(word: str, font: FontProperties, dpi: float, angle: float, color: Any) -> Word:
    """The word as matplotlib draws it at a whole pixel; warns where the font lacks a glyph."""
    reach = math.ceil(math.hypot(*word_size(word, font, dpi)[:2])) + MARGIN
    renderer = RendererAgg(2 * reach, 2 * reach, dpi)
    context = renderer.new_gc()
    context.set_foreground(color, isRGBA=True)
    renderer.draw_text(context, reach, reach, word, font, angle)
    drawn = np.asarray(renderer.buffer_rgba())
    rows, columns = (np.flatnonzero(drawn[..., 3].any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return Word(drawn[:0, :0], 0, 0)
    pixels = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][::-1].copy()
    return Word(pixels, int(columns[0]) - reach, int(rows[-1]) + 1 - reach)


def split_words(text: str) -> list[str]:
    """The words of `text`, each with the spaces after it.

    >>> split_words("scale on, T = 1")
    ['scale ', 'on, ', 'T ', '= ', '1']
    """
    return re.findall(r"\S+\s*|^\s+", text)


class Agg(RendererAgg):
    """A renderer with a cache of words."""

    def __init__(self, width: int, height: int, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Width, height and descent in pixels of a horizontal text."""
        sizes = [word_size(word, prop, self.dpi) for word in split_words(s)] or [(0.0, 0.0, 0.0)]
        widths, heights, descents = zip(*sizes, strict=True)
        return sum(widths), max(heights), max(descents)

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: FontProperties, angle: float,
        ismath: Any = False, mtext: Any = None,
    ) -> None:  # fmt: skip
        """Draws a text whose baseline starts at x, y pixels from the upper left corner."""
        for word, start in self.word_starts(s, prop) if angle == 0 else [(s, 0.0)]:
            rendered = render_word(word, prop, self.dpi, angle, gc.get_rgb())
            if rendered.pixels.size:
                left, below = round(x + start) + rendered.left, round(y) + rendered.below
                self.draw_image(gc, left, self.height - below, rendered.pixels)

    @property
    def pixels(self) -> Pixels:
        """[height, width, 4] what has been drawn, the top row first."""
        return np.asarray(super().buffer_rgba())  # type: ignore[no-untyped-call]

    def word_starts(self, text: str, font: FontProperties) -> Iterator[tuple[str, float]]:
        """Each word, and its distance in pixels from the start of the text."""
        start = 0.0
        for word in split_words(text):
            yield word, start
            start += word_size(word, font, self.dpi)[0]


class Canvas(FigureCanvasAgg):
    """A canvas that draws with `Agg`."""

    def get_renderer(self) -> Agg:
        """The renderer, a new one where the size of the figure has changed."""
        width, height = (round(side) for side in self.figure.bbox.size)
        last = getattr(self, "renderer", None)
        if last is None or (last.width, last.height, last.dpi) != (width, height, self.figure.dpi):
            self.renderer = Agg(width, height, self.figure.dpi)
        return self.renderer
