"""The plane of two principal components, with the same unit along both axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.records import Array
from pipeline.plots.output.style import new_figure
from pipeline.plots.parts.pca import Basis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


WIDTH, HEIGHT = 7.2, 5.8  # inches of the figure
LEFT, BELOW, RIGHT, ABOVE = 0.95, 0.65, 1.45, 0.65  # inches around the axes
ROOM = np.array([WIDTH - LEFT - RIGHT, HEIGHT - BELOW - ABOVE])
MARGIN = 0.12  # free on each side, as a share of the points' range

View = tuple[tuple[float, float], tuple[float, float]]  # limits along x and along y


def view(points: Array) -> View:
    """The limits that show all points [N, 2].

    >>> (left, right), (bottom, top) = view(np.array([[0.0, 0.0], [2.0, 1.0]]))
    >>> left + right, bottom + top
    (2.0, 1.0)
    """
    low, high = points.min(axis=0), points.max(axis=0)
    unit = ((high - low) * (1 + 2 * MARGIN) / ROOM).max() or 0.1 / ROOM.min()
    middle, half = (low + high) / 2, unit * ROOM / 2
    (left, bottom), (right, top) = (middle - half).tolist(), (middle + half).tolist()
    return (left, right), (bottom, top)


def axis_names(basis: Basis, variance: str) -> tuple[str, str]:
    """The axis labels, with the share of the variance that each axis shows."""
    first, second = (f"{share:.0%}" for share in basis.explained)
    return f"PC 1 ({first} of the {variance})", f"PC 2 ({second})"


def empty_plane(limits: View, names: tuple[str, str]) -> tuple[Figure, Axes]:
    """Axes with room for a legend on the right and a title of two lines."""
    figure = new_figure(WIDTH, HEIGHT, layout=None)
    bounds = np.array([LEFT, BELOW, *ROOM]) / (WIDTH, HEIGHT, WIDTH, HEIGHT)
    axes = figure.add_axes(tuple(bounds.tolist()))
    axes.set(xlim=limits[0], ylim=limits[1], xlabel=names[0], ylabel=names[1], aspect="equal")
    axes.grid(color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes
