"""Artists of a matrix that our canvas draws fast, and any other as matplotlib does.

This module needs matplotlib to be imported, so it is itself imported late.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.image import AxesImage

from pipeline.plots.output.agg import Agg


class Cells(AxesImage):
    """An image that fills its axes, whose cells are painted flat rather than resampled."""

    def draw(self, renderer: Any) -> None:
        """Each pixel gets the color of the cell that its center lies in."""
        if not isinstance(renderer, Agg):
            super().draw(renderer)
            return
        values: Any = self.get_array()
        colors = self.to_rgba(values, bytes=True)[::-1]
        box = self.axes.bbox
        (left, across), (below, up) = (
            spread(*along) for along in (
                (box.x0, box.x1, colors.shape[1]), (box.y0, box.y1, colors.shape[0])
            )
        )  # fmt: skip
        flat = np.ascontiguousarray(colors).view(np.uint32)[..., 0]
        painted = np.repeat(np.repeat(flat, across, axis=1), up, axis=0)
        context = renderer.new_gc()
        renderer.draw_image(context, left, below, painted[..., None].view(np.uint8))
        context.restore()


def spread(start: float, end: float, count: int) -> tuple[int, npt.NDArray[np.intp]]:
    """The first pixel between two edges, and how many pixels each of `count` cells gets.

    >>> spread(0.4, 10.4, 2)
    (0, array([5, 5]))
    """
    edges = np.ceil(np.linspace(start, end, count + 1) - 0.5).astype(int)
    return int(edges[0]), np.diff(edges)
