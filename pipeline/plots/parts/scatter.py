"""The displacement of more tokens than can be labeled: small points, colored by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.records import Array
from pipeline.plots.output.style import FAINT, styled
from pipeline.plots.parts.plane import View, empty_plane
from pipeline.plots.parts.token_labels import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MAX_LABELED = 256  # tokens up to which each has a color and a label of its own
MAX_PATHS = 1000  # lines drawn; of more tokens those evenly spaced along the sentence


@styled
def scatter(
    static: Array,
    contextual: Array,
    limits: View,
    names: tuple[str, str],
    title: str,
    with_paths: bool,
) -> Figure:
    """[N, 2] static points in gray, [N, 2] contextual ones colored by position, lines between.

    In cross-attention, where no query has a static point, without the lines: the gray points
    [M, 2] are the keys.
    """
    from matplotlib.collections import LineCollection

    figure, axes = empty_plane(limits, names)
    positions = np.arange(len(contextual))
    axes.scatter(static[:, 0], static[:, 1], c=FAINT, s=5, alpha=0.35, linewidths=0)
    if with_paths:
        sample = np.unique(np.linspace(0, len(positions) - 1, MAX_PATHS).astype(int))
        segments = np.stack([static[sample], contextual[sample]], axis=1)
        paths = LineCollection(list(segments), cmap="viridis", linewidths=0.4, alpha=0.3)
        paths.set_array(positions[sample])
        axes.add_collection(paths)
    points = axes.scatter(
        contextual[:, 0], contextual[:, 1], c=positions, cmap="viridis", s=7, linewidths=0, zorder=3
    )
    axes.set_title(visible(title), y=1.0)
    bar = figure.colorbar(points, cax=axes.inset_axes((1.04, 0.0, 0.035, 0.6)))
    bar.set_label("position of the token" if with_paths else "position of the query")
    bar.outline.set_visible(False)
    axes.scatter([], [], c=FAINT, s=14, label="static" if with_paths else "keys")
    axes.scatter(
        [], [], c="#21918c", s=14, label="contextual" if with_paths else "queries' outputs"
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    return figure
