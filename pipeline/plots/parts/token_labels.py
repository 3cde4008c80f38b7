"""Tokens as labels: cut where they are long, measured, and set along an axis so that all fit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.plots.output.style import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


LONGEST_LABEL = 18  # characters of a token that a figure shows
STAND_IN = "\ufffd"  # Unicode's own for what cannot be shown; our font has it
# Controls save the line break, lone surrogates, the byte order mark and what is no character: XML
# holds few of them, a PDF no byte order mark, and no reader sees any.
UNSEEN = re.compile(
    "[\\0-\\x09\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef\\ufeff\\ufffe\\uffff]"
)


def label(token: str, most: int = LONGEST_LABEL) -> str:
    """`token` as a figure shows it: one line that can be seen, and cut where it is very long.

    >>> label("a" * 30), label("a" * 60, most=8)
    ('aaaaaaaaaaaaaaaaa…', 'aaaaaaa…')
    """
    line = visible(" ".join(token.split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def visible(text: str) -> str:
    r"""`text` with a stand-in for each character that no file of a figure can hold and show.

    The CSV beside the figure has the text itself.

    >>> visible("bell\a, tab\t and\nline")
    'bell�, tab� and\nline'
    """
    return UNSEEN.sub(STAND_IN, text)


def tick_size(count: int) -> float:
    """Points of the tick labels where that many tokens stand along an axis."""
    return 10.0 if count <= 16 else 8.0


@lru_cache(65536)
def text_size(text: str, size: float) -> tuple[float, float]:
    """Width and height in points that a text takes at that size, with a little to spare."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=STYLE["font.family"], size=size)
    (width, height, _), (_, line, _) = (
        text_to_path.get_text_width_height_descent(t, font, ismath=False) for t in (text, "lp")
    )
    return 1.05 * width + 2, max(height, line) + 1


def longest(tokens: Sequence[str], size: float) -> float:
    """Inches that the longest tick label takes at that size."""
    return (max(text_size(label(token), size)[0] for token in set(tokens)) + 2) / 72


def room_below(tokens: Sequence[str], inches: float) -> float:
    """Inches that the tick labels take below an axis of that many inches."""
    tall = longest(tokens, tick_size(len(tokens)))
    if len(tokens) > 16:
        return tall
    return 0.75 * tall if tall > inches / len(tokens) else 0.2


def token_ticks(axes: Axes, axis: str, tokens: Sequence[str], inches: float) -> None:
    """Tokens as tick labels along an axis of that many inches, thinned until they are legible."""
    size = tick_size(len(tokens))
    room = max(int(inches * 72 / (size * 1.35)), 1)
    places = range(0, len(tokens), math.ceil(len(tokens) / room))
    labels = [label(tokens[place]) for place in places]
    if axis == "y":
        axes.set_yticks(places, labels, fontsize=size)
        return
    wide = longest(labels, size) > inches / len(places)
    upright = {"rotation": 90} if len(tokens) > 16 else {"rotation": 40, "ha": "right"}
    turned = {**upright, "rotation_mode": "anchor"} if wide and len(tokens) <= 16 else upright
    axes.set_xticks(places, labels, fontsize=size, **(turned if wide else {}))
