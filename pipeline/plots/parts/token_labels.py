"""Tokens as labels: cut where they are long, measured, and placed along an axis so that all fit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipeline.plots.output.style import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MAX_LABEL = 18  # characters of a token that a figure shows
REPLACEMENT = "\ufffd"  # Unicode's replacement character, which our font has
# Control characters except the line break, lone surrogates, the byte order mark and code points
# that are no characters: none can be seen, and most are not allowed in an SVG or a PDF.
INVISIBLE = re.compile(
    "[\\0-\\x09\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef\\ufeff\\ufffe\\uffff]"
)


def label(token: str, most: int = MAX_LABEL) -> str:
    """`token` as a figure shows it: one line, cut where it is long, no character invisible.

    >>> label("a" * 30), label("a" * 60, most=8)
    ('aaaaaaaaaaaaaaaaa…', 'aaaaaaa…')
    """
    line = visible(" ".join(token.split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def visible(text: str) -> str:
    r"""`text` with a replacement for each character that cannot be shown.

    The CSV beside the figure has the original text.

    >>> visible("bell\a, tab\t and\nline")
    'bell�, tab� and\nline'
    """
    return INVISIBLE.sub(REPLACEMENT, text)


def tick_size(count: int) -> float:
    """Font size of the tick labels of that many tokens along an axis."""
    return 10.0 if count <= 16 else 8.0


@lru_cache(65536)
def text_size(text: str, size: float) -> tuple[float, float]:
    """Width and height in points of a text at that font size, with a small margin."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=STYLE["font.family"], size=size)
    (width, height, _), (_, line, _) = (
        text_to_path.get_text_width_height_descent(t, font, ismath=False) for t in (text, "lp")
    )
    return 1.05 * width + 2, max(height, line) + 1


def longest_label(tokens: Sequence[str], size: float) -> float:
    """Width in inches of the longest tick label at that font size."""
    return (max(text_size(label(token), size)[0] for token in set(tokens)) + 2) / 72


def room_below(tokens: Sequence[str], inches: float) -> float:
    """Height in inches of the tick labels below an axis of that length."""
    length = longest_label(tokens, tick_size(len(tokens)))
    if len(tokens) > 16:
        return length
    return 0.75 * length if length > inches / len(tokens) else 0.2


def token_ticks(axes: Axes, axis: str, tokens: Sequence[str], inches: float) -> None:
    """Tokens as tick labels along an axis of that length; of too many only every k-th is shown."""
    size = tick_size(len(tokens))
    room = max(int(inches * 72 / (size * 1.35)), 1)
    positions = range(0, len(tokens), math.ceil(len(tokens) / room))
    labels = [label(tokens[i]) for i in positions]
    if axis == "y":
        axes.set_yticks(positions, labels, fontsize=size)
        return
    style: dict[str, Any] = {}
    if longest_label(labels, size) > inches / len(positions):
        slanted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
        style = {"rotation": 90} if len(tokens) > 16 else slanted
    axes.set_xticks(positions, labels, fontsize=size, **style)
