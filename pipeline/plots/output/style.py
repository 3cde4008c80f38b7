"""The style of every figure: colors, fonts and an empty figure, without global state."""

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
# Okabe and Ito (2008) and two more, which color-blind readers can tell apart.
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
STYLE_LOCK = RLock()  # matplotlib's settings are shared by all threads
IS_STYLED = ContextVar("IS_STYLED", default=False)  # whether they are replaced now

P = ParamSpec("P")
R = TypeVar("R")


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """`plot` in our style, whatever matplotlib settings the caller has."""

    @wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with STYLE_LOCK:
            if IS_STYLED.get():
                return plot(*args, **kwargs)
            with our_style():
                return plot(*args, **kwargs)

    return drawn


@contextmanager
def our_style() -> Iterator[None]:
    """matplotlib's settings replaced by this project's; the caller's are restored afterwards."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # Glyphs that the font lacks are drawn as boxes; the CSV beside the figure has the text.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        for name, value in {**matplotlib.rcParamsDefault, **STYLE}.items():
            # Setting the backend would import pyplot, which takes half a second.
            if name != "backend" and matplotlib.rcParams[name] != value:
                matplotlib.rcParams[name] = value
        token = IS_STYLED.set(True)
        try:
            yield
        finally:
            IS_STYLED.reset(token)


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Figure:
    """An empty figure of that size in inches, unknown to pyplot."""
    from matplotlib.figure import Figure

    from pipeline.plots.output.agg import Canvas

    figure = Figure(figsize=(width, height), layout=layout)
    Canvas(figure)
    return figure


def colors(count: int) -> list[str]:
    """`count` colors that can be told apart, dark enough for text."""
    if count <= len(COLORS):
        return list(COLORS[:count])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    wheel = colormaps["turbo"](np.linspace(0.03, 0.97, count))[:, :3]
    light = wheel @ [0.299, 0.587, 0.114]
    return [to_hex(color) for color in wheel * np.minimum(1.0, 0.45 / light)[:, None]]
