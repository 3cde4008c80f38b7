"""The canvas every figure is drawn on: one style, no global state, the same bytes each time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


INK, FAINT = "#222222", "#8a8a8a"
MINUS = "−"  # as matplotlib writes it on its axes
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
STYLING = RLock()  # matplotlib's settings are one for all threads
STYLED = ContextVar("STYLED", default=False)  # whether they are ours

P = ParamSpec("P")
R = TypeVar("R")


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """`plot` under this module's style, whatever the caller's matplotlib settings are."""

    @wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with STYLING:
            if STYLED.get():
                return plot(*args, **kwargs)
            with style():
                return plot(*args, **kwargs)

    return drawn


@contextmanager
def style() -> Iterator[None]:
    """matplotlib's settings as this module has them, and the caller's own again afterwards."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # A script the font lacks shows as boxes; the CSV beside the figure holds the text.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        for name, value in {**matplotlib.rcParamsDefault, **STYLE}.items():
            # To set the backend would import pyplot, half a second of it.
            if name != "backend" and matplotlib.rcParams[name] != value:
                matplotlib.rcParams[name] = value
        token = STYLED.set(True)
        try:
            yield
        finally:
            STYLED.reset(token)


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Figure:
    """An empty figure of that many inches, tied to no window and to no global list."""
    from matplotlib.figure import Figure

    from pipeline.plots.output.agg import Canvas

    figure = Figure(figsize=(width, height), layout=layout)
    Canvas(figure)
    return figure


def colors(count: int) -> list[str]:
    """`count` colours that can be told apart, dark enough for text."""
    if count <= len(COLORS):
        return list(COLORS[:count])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    wheel = colormaps["turbo"](np.linspace(0.03, 0.97, count))[:, :3]
    light = wheel @ [0.299, 0.587, 0.114]
    return [to_hex(color) for color in wheel * np.minimum(1.0, 0.45 / light)[:, None]]
