"""A drawing → the bytes of a file.

The figures of a sweep mostly differ in a few artists. So what they share is drawn once and its
pixels are kept; each figure restores them, sets the moving artists and draws only those, which
takes a quarter of the time. Every PNG of a template is made this way, the first one too, so its
bytes do not depend on what was drawn before.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipeline.base.drawing import Drawing, FigureTemplate
from pipeline.plots.output.png import png, with_text
from pipeline.plots.output.style import styled
from pipeline.plots.output.vector import STYLES, VECTORS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


FIGURE_FORMATS = ("png", *VECTORS)
LAYOUT_DPI = 144  # pixels per inch at which a layout is computed, whatever the file's
MAX_TEMPLATES = 8  # kept in the process, at a few megabytes each


@styled
def render(
    drawing: Drawing, file_format: str, dpi: int, style: str = "screen", about: str = ""
) -> bytes:
    """The figure as the bytes of a file; equal figures give equal bytes (no dates inside).

    `style` sets the width of a vector file; `about`, in ASCII, goes into the file's metadata.
    """
    if not isinstance(drawing.plan, FigureTemplate):
        fix_layout(drawing.plan)
    if file_format in VECTORS:
        figure = drawing.figure
        width = float(figure.get_size_inches()[0])
        return VECTORS[file_format](figure, STYLES[style](width) / width, about)
    if isinstance(drawing.plan, FigureTemplate):
        image = template(drawing.plan.build, drawing.plan.key, dpi).png(drawing.plan.update)
    else:
        image = figure_png(drawing.plan, dpi)
    return with_text(image, "Description", about) if about else image


def fix_layout(figure: Figure) -> None:
    """Computes the layout of a figure once, the same for every file.

    Computed for each file, it would depend on the widths of letters in pixels, and move a little
    each time.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        before = figure.dpi
        figure.set_dpi(LAYOUT_DPI)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.set_dpi(before)


def figure_png(figure: Figure, dpi: int) -> bytes:
    """A PNG of a whole figure."""
    from pipeline.plots.output.agg import Canvas

    before = figure.dpi
    figure.set_dpi(dpi)
    renderer = Canvas(figure).get_renderer()
    figure.draw(renderer)
    figure.set_dpi(before)
    return png(renderer.pixels, dpi)


class Template:
    """What figures share, at one resolution: the artists, and the pixels without moving ones."""

    def __init__(self, build: Callable[..., tuple[Figure, Any]], key: Any, dpi: int) -> None:
        from pipeline.plots.output.agg import Canvas

        self.dpi = dpi
        self.figure, self.moving = build(*key)
        self.figure.set_dpi(dpi)
        self.renderer: Any = Canvas(self.figure).get_renderer()
        self.background: Any = None

    def png(self, update: Callable[[Any], Sequence[Artist]]) -> bytes:
        """The figure with the moving artists that `update` sets, drawn in its order."""
        moving = update(self.moving)
        if self.background is None:
            for artist in moving:
                artist.set_animated(True)  # left out when the figure is drawn
            self.figure.draw(self.renderer)
            self.background = self.renderer.copy_from_bbox(self.figure.bbox)
        self.renderer.restore_region(self.background)
        for artist in moving:
            artist.draw(self.renderer)
        return png(self.renderer.pixels, self.dpi)


@lru_cache(MAX_TEMPLATES)
def template(build: Callable[..., tuple[Figure, Any]], key: Hashable, dpi: int) -> Template:
    """The template of these figures at this resolution."""
    return Template(build, key, dpi)
