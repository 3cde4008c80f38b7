"""The cells of a matrix as an artist, painted flat on our canvas: a quarter of a figure's time.

Imported late, as it imports matplotlib.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.image import AxesImage

from pipeline.plots.output.agg import Agg


class Cells(AxesImage):
    """An image that fills its axes, whose cells are painted flat instead of resampled."""

    def draw(self, renderer: Any) -> None:
        """Gives each pixel the color of the cell at its center; other canvases resample."""
        if not isinstance(renderer, Agg):
            super().draw(renderer)
            return
        values: Any = self.get_array()
        colors = self.to_rgba(values, bytes=True)[::-1]
        box = self.axes.bbox
        rows, columns = colors.shape[:2]
        left, widths = cell_pixels(box.x0, box.x1, columns)
        below, heights = cell_pixels(box.y0, box.y1, rows)
        flat = np.ascontiguousarray(colors).view(np.uint32)[..., 0]
        painted = np.repeat(np.repeat(flat, widths, axis=1), heights, axis=0)
        context = renderer.new_gc()
        renderer.draw_image(context, left, below, painted[..., None].view(np.uint8))
        context.restore()


def cell_pixels(start: float, end: float, count: int) -> tuple[int, npt.NDArray[np.intp]]:
    """The first pixel between two edges, and how many pixels wide each of `count` cells is.

    >>> cell_pixels(0.4, 10.4, 2)
    (0, array([5, 5]))
    """
    edges = np.ceil(np.linspace(start, end, count + 1) - 0.5).astype(int)
    return int(edges[0]), np.diff(edges)
