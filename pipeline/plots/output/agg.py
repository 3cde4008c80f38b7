"""The canvas of every PNG: matplotlib's Agg, which sets words on whole pixels and keeps them.

Most of the time of a small figure goes into its words: rendering one takes fifty times as long as
copying it. So each word is rendered once, by matplotlib, for each size and resolution, and copied
from then on: set on a whole pixel, it is the same wherever it stands.

This module needs matplotlib to be imported, so it is itself imported late.
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

KEPT = 4096  # words in memory, at about 2 kB each
SIZES = 65536  # words whose size is remembered
AROUND = 2  # pixels around a word into which its ink may reach

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Word:
    """A word in its color, ready to be copied."""

    ink: Pixels  # [height, width, 4], the lowest row first, as Agg takes images
    left: int  # pixels from where the word is set to its ink
    below: int  # pixels from there down to the lowest row


@lru_cache(SIZES)
def extent(word: str, font: FontProperties, dpi: float) -> tuple[float, float, float]:
    """Width, height and descent in pixels, with the space after the word."""
    return RendererAgg(1, 1, dpi).get_text_width_height_descent(word, font, False)


@lru_cache(KEPT)
def rendered(word: str, font: FontProperties, dpi: float, angle: float, ink: Any) -> Word:
    """The word as matplotlib draws it at a whole pixel; a warning where the font lacks a glyph."""
    reach = math.ceil(math.hypot(*extent(word, font, dpi)[:2])) + AROUND
    scratch = RendererAgg(2 * reach, 2 * reach, dpi)
    context = scratch.new_gc()
    context.set_foreground(ink, isRGBA=True)
    scratch.draw_text(context, reach, reach, word, font, angle)
    drawn = np.asarray(scratch.buffer_rgba())
    rows, columns = (np.flatnonzero(drawn[..., 3].any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return Word(drawn[:0, :0], 0, 0)
    kept = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][::-1].copy()
    return Word(kept, int(columns[0]) - reach, int(rows[-1]) + 1 - reach)


def words(text: str) -> list[str]:
    """`text` cut after each run of spaces.

    >>> words("scale on, T = 1")
    ['scale ', 'on, ', 'T ', '= ', '1']
    """
    return re.findall(r"\S+\s*|^\s+", text)


class Agg(RendererAgg):
    """A renderer that remembers words."""

    def __init__(self, width: int, height: int, dpi: float) -> None:
        super().__init__(width, height, dpi)  # type: ignore[no-untyped-call]

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Pixels of a text that stands level."""
        sizes = [extent(word, prop, self.dpi) for word in words(s)] or [(0.0, 0.0, 0.0)]
        widths, heights, descents = zip(*sizes, strict=True)
        return sum(widths), max(heights), max(descents)

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: FontProperties, angle: float,
        ismath: Any = False, mtext: Any = None,
    ) -> None:  # fmt: skip
        """The text with its line starting at x, y pixels from the upper left corner."""
        for word, start in self.places(s, prop) if angle == 0 else [(s, 0.0)]:
            found = rendered(word, prop, self.dpi, angle, gc.get_rgb())
            if found.ink.size:
                left, below = round(x + start) + found.left, round(y) + found.below
                self.draw_image(gc, left, self.height - below, found.ink)

    @property
    def pixels(self) -> Pixels:
        """[height, width, 4] What has been drawn, from the upper left corner."""
        return np.asarray(super().buffer_rgba())  # type: ignore[no-untyped-call]

    def places(self, text: str, font: FontProperties) -> Iterator[tuple[str, float]]:
        """Each word and how many pixels after the start of the text it begins."""
        start = 0.0
        for word in words(text):
            yield word, start
            start += extent(word, font, self.dpi)[0]


class Canvas(FigureCanvasAgg):
    """A canvas that draws with `Agg`."""

    def get_renderer(self) -> Agg:
        """The renderer of the figure's present size, kept while that stays the same."""
        width, height = (round(side) for side in self.figure.bbox.size)
        kept = getattr(self, "renderer", None)
        if kept is None or (kept.width, kept.height, kept.dpi) != (width, height, self.figure.dpi):
            self.renderer = Agg(width, height, self.figure.dpi)
        return self.renderer
