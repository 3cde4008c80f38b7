"""The canvas every figure is drawn on: one style, no global state, the same bytes each time."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import numpy as np

from pipeline.records import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
INK, FAINT = "#222222", "#8a8a8a"
# Okabe & Ito's colours, told apart by colour-blind readers; longer lists sample a colour map.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#5b5b5b")
STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "text.parse_math": False,  # a token may hold a dollar sign
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "svg.hashsalt": "attention-lab",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
LONGEST_LABEL = 18  # characters of a token that a figure shows

P = ParamSpec("P")
R = TypeVar("R")


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """`plot` under this module's style, whatever the caller's matplotlib settings are."""

    @wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        import matplotlib

        with matplotlib.rc_context(), warnings.catch_warnings():
            # A script the font lacks shows as boxes; the CSV beside the figure holds the text.
            warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
            for name, value in matplotlib.rcParamsDefault.items():
                if name != "backend":  # which would import pyplot, half a second of it
                    matplotlib.rcParams[name] = value
            matplotlib.rcParams.update(STYLE)
            return plot(*args, **kwargs)

    return drawn


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Figure:
    """An empty figure of that many inches, tied to no window and to no global list."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


@styled
def render(drawing: Drawing, file_format: str, dpi: int) -> bytes:
    """The figure as the bytes of a file; equal figures give equal bytes (no dates inside)."""
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[file_format]
    buffer = io.BytesIO()
    drawing.figure.savefig(buffer, format=file_format, dpi=dpi, metadata=dates)
    return buffer.getvalue()


def label(token: str) -> str:
    """`token` as a figure shows it: one line, and cut where it is very long.

    >>> label("a" * 30)
    'aaaaaaaaaaaaaaaaa…'
    """
    line = " ".join(token.split())
    return line if len(line) <= LONGEST_LABEL else line[: LONGEST_LABEL - 1] + "…"


def tick_size(count: int) -> float:
    """Points of the tick labels where that many tokens stand along an axis."""
    return 10.0 if count <= 16 else 8.0


def longest(tokens: Sequence[str], size: float) -> float:
    """Inches that the longest tick label takes at that size, with a little to spare."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size)
    widths = (
        text_to_path.get_text_width_height_descent(label(token), font, ismath=False)[0]
        for token in set(tokens)
    )
    return (1.05 * max(widths) + 4) / 72


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


def colors(count: int) -> list[str]:
    """`count` colours that can be told apart, dark enough for text."""
    if count <= len(COLORS):
        return list(COLORS[:count])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    wheel = colormaps["turbo"](np.linspace(0.03, 0.97, count))[:, :3]
    light = wheel @ [0.299, 0.587, 0.114]
    return [to_hex(color) for color in wheel * np.minimum(1.0, 0.45 / light)[:, None]]
