"""Paired displacement: where attention moves the same tokens in two runs, on one plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array
from pipeline.base.tables import Table
from pipeline.plots.output.style import FAINT, colors, styled
from pipeline.plots.parts.labels import empty_labels, points_between, put_labels
from pipeline.plots.parts.pca import fit
from pipeline.plots.parts.plane import axis_names, empty_plane, view
from pipeline.plots.parts.token_labels import label, visible

Pair = tuple[Array, Array]  # of the baseline and of the run


@styled
def paired_displacement(
    tokens: Sequence[str], static: Pair, query_static: Pair | None, contextual: Pair, caption: str
) -> Drawing:
    """Contextual points [N, E], the baseline's hollow and the run's solid, and a line between.

    The plane is one PCA fitted on the static points [S, E] of both runs together, so that distances
    in the figure are those of one space; the axis labels give the share of the static variance that
    each shows. Dashed lines start at each query's static point, `query_static` [N, E]; None in
    cross-attention, where it has none.
    """
    basis = fit(np.vstack(static))
    before, after = (basis.project(points) for points in contextual)
    shades = colors(len(tokens))
    starts = np.unique(np.vstack([basis.project(p) for p in static]).round(12), axis=0)
    limits = view(np.vstack([starts, before, after]))
    figure, axes = empty_plane(limits, axis_names(basis, "static variance of both"))
    axes.scatter(starts[:, 0], starts[:, 1], c=FAINT, s=30, alpha=0.3, linewidths=0, label="static")
    lines = [points_between(before, after)]
    for points, ends in zip(query_static or (), (before, after), strict=query_static is not None):
        lines.append(points_between(basis.project(points), ends))
        for start, end, shade in zip(basis.project(points), ends, shades, strict=True):
            axes.plot(*zip(start, end, strict=True), "--", color=shade, linewidth=0.8, alpha=0.35)
    for start, end, shade in zip(before, after, shades, strict=True):
        axes.plot(*zip(start, end, strict=True), color=shade, linewidth=2.0, alpha=0.7)
    hollow: Any = {"facecolors": "white", "s": 42, "linewidths": 1.2}
    solid: Any = {"edgecolors": "white", "s": 42, "linewidths": 0.6}
    axes.scatter(before[:, 0], before[:, 1], edgecolors=shades, zorder=3, **hollow)
    axes.scatter(after[:, 0], after[:, 1], c=shades, zorder=4, **solid)
    axes.scatter([], [], edgecolors=FAINT, label="baseline", **hollow)
    axes.scatter([], [], c=FAINT, s=42, linewidths=0, label="run")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    axes.set_title(visible(f"Contextual embeddings of both runs\n{caption}"))
    labels = empty_labels(axes, shades)
    others = np.vstack([before, starts])
    put_labels(labels, after, [label(t) for t in tokens], others, np.vstack(lines))
    columns = ("position", "token", "before_x", "before_y", "after_x", "after_y")
    both = np.hstack([before, after]).tolist()
    return Drawing(figure, Table(columns, [(i, t, *both[i]) for i, t in enumerate(tokens)]))
