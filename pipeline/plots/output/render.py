"""A drawing → the bytes of a file; figures of one frame share a template.

What a frame holds is drawn once: a template keeps its pixels. Each figure then restores them,
fills the moving artists with its own data and draws those alone. Every PNG of a sheet is made this
way, the first one too, so its bytes never depend on what was drawn before it.
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


FORMATS = ("png", *VECTORS)
LAID_OUT = 144  # pixels per inch at which a layout is worked out, whatever the file is
TEMPLATES = 8  # kept in the process, at a few megabytes each


@styled
def render(
    drawing: Drawing, file_format: str, dpi: int, style: str = "screen", about: str = ""
) -> bytes:
    """The figure as the bytes of a file; equal figures give equal bytes (no dates inside).

    `style` says how wide a vector file is; `about`, in ASCII, is kept in the file's metadata.
    """
    if not isinstance(drawing.plan, FigureTemplate):
        lay_out(drawing.plan)
    if file_format in VECTORS:
        figure = drawing.figure
        width = float(figure.get_size_inches()[0])
        return VECTORS[file_format](figure, STYLES[style](width) / width, about)
    if isinstance(drawing.plan, FigureTemplate):
        bare = template(drawing.plan.build, drawing.plan.key, dpi).png(drawing.plan.update)
    else:
        bare = whole(drawing.plan, dpi)
    return with_text(bare, "Description", about) if about else bare


def lay_out(figure: Figure) -> None:
    """Puts the parts of a figure where its layout has them, and leaves them there.

    A layout that is worked out for each file moves with how wide its letters are in pixels, and by
    a hair with every time it is worked out.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        before = figure.dpi
        figure.set_dpi(LAID_OUT)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.set_dpi(before)


def whole(figure: Figure, dpi: int) -> bytes:
    """A PNG of a figure as it is, every artist drawn."""
    from pipeline.plots.output.agg import Canvas

    before = figure.dpi
    figure.set_dpi(dpi)
    renderer = Canvas(figure).get_renderer()
    figure.draw(renderer)
    figure.set_dpi(before)
    return png(renderer.pixels, dpi)


class Template:
    """One frame at one resolution: its artists, and its pixels before any moving one."""

    def __init__(self, frame: Callable[..., tuple[Figure, Any]], about: Any, dpi: int) -> None:
        from pipeline.plots.output.agg import Canvas

        self.dpi = dpi
        self.figure, self.parts = frame(*about)
        self.figure.set_dpi(dpi)
        self.renderer: Any = Canvas(self.figure).get_renderer()
        self.background: Any = None

    def png(self, fill: Callable[[Any], Sequence[Artist]]) -> bytes:
        """The frame with the moving artists that `fill` sets, drawn in its order."""
        moving = fill(self.parts)
        if self.background is None:
            for artist in moving:
                artist.set_animated(True)  # so that the figure leaves it out
            self.figure.draw(self.renderer)
            self.background = self.renderer.copy_from_bbox(self.figure.bbox)
        self.renderer.restore_region(self.background)
        for artist in moving:
            artist.draw(self.renderer)
        return png(self.renderer.pixels, self.dpi)


@lru_cache(TEMPLATES)
def template(frame: Callable[..., tuple[Figure, Any]], about: Hashable, dpi: int) -> Template:
    """The one template of this frame at this resolution, while it is kept."""
    return Template(frame, about, dpi)
