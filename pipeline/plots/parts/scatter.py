"""Crowd: the displacement of more tokens than can be named, told apart by where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.records import Array
from pipeline.plots.output.style import FAINT, styled
from pipeline.plots.parts.plane import View, plane
from pipeline.plots.parts.token_labels import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MAX_LABELED = 256  # tokens up to which each has a color and a label of its own
MAX_ARROWS = 1000  # ways drawn at the most; beyond, those of tokens evenly spread over the sentence


@styled
def scatter(
    static: Array, contextual: Array, limits: View, names: tuple[str, str], title: str, ways: bool
) -> Figure:
    """Small points, static ones gray, contextual ones colored by position, and lines between some.

    [N, 2] and [N, 2]; without `ways`, in cross-attention, where no query starts anywhere.
    """
    from matplotlib.collections import LineCollection

    figure, axes = plane(limits, names)
    places = np.arange(len(contextual))
    axes.scatter(static[:, 0], static[:, 1], c=FAINT, s=5, alpha=0.35, linewidths=0)
    if ways:
        some = np.unique(np.linspace(0, len(places) - 1, MAX_ARROWS).astype(int))
        lines = np.stack([static[some], contextual[some]], axis=1)
        drawn = LineCollection(list(lines), cmap="viridis", linewidths=0.4, alpha=0.3)
        drawn.set_array(places[some])
        axes.add_collection(drawn)
    ends = axes.scatter(
        contextual[:, 0], contextual[:, 1], c=places, cmap="viridis", s=7, linewidths=0, zorder=3
    )
    axes.set_title(visible(title), y=1.0)
    bar = figure.colorbar(ends, cax=axes.inset_axes((1.04, 0.0, 0.035, 0.6)))
    bar.set_label("position of the query" if not ways else "position of the token")
    bar.outline.set_visible(False)
    axes.scatter([], [], c=FAINT, s=14, label="keys" if not ways else "static")
    axes.scatter([], [], c="#21918c", s=14, label="queries' outputs" if not ways else "contextual")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    return figure
