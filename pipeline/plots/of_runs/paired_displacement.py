"""Shared displacement: where attention takes the same tokens in two runs, on one plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array
from pipeline.base.tables import Table
from pipeline.plots.output.style import FAINT, colors, styled
from pipeline.plots.parts.labels import between, empty_labels, put_labels
from pipeline.plots.parts.pca import fit
from pipeline.plots.parts.plane import plane, shares, view
from pipeline.plots.parts.token_labels import label, visible

Pair = tuple[Array, Array]  # before and after


@styled
def paired_displacement(
    tokens: Sequence[str], static: Pair, own: Pair | None, contextual: Pair, caption: str
) -> Drawing:
    """Contextual points [N, E] of both runs: hollow before, solid after, a line between.

    The plane is one PCA fitted on the static points [S, E] of both runs together, so distances in
    the picture are those of one space; the axes say how much of the static variance they show.
    Dashes come from each token's `own` static point [N, E]; in cross-attention it has none.
    """
    basis = fit(np.vstack(static))
    starts = [basis.project(points) for points in static]
    before, after = (basis.project(points) for points in contextual)
    shades = colors(len(tokens))
    every_start = np.unique(np.vstack(starts).round(12), axis=0)
    limits = view(np.vstack([every_start, before, after]))
    figure, axes = plane(limits, shares(basis, "static variance of both"))
    axes.scatter(
        every_start[:, 0], every_start[:, 1], c=FAINT, s=30, alpha=0.3, linewidths=0, label="static"
    )
    lines = [between(before, after)]
    for points, ends in zip(own or (), (before, after), strict=own is not None):
        lines.append(between(basis.project(points), ends))
        for start, end, shade in zip(basis.project(points), ends, shades, strict=True):
            axes.plot(*zip(start, end, strict=True), "--", color=shade, linewidth=0.8, alpha=0.35)
    for one, other, shade in zip(before, after, shades, strict=True):
        axes.plot(*zip(one, other, strict=True), color=shade, linewidth=2.0, alpha=0.7)
    axes.scatter(
        before[:, 0],
        before[:, 1],
        facecolors="white",
        edgecolors=shades,
        s=42,
        linewidths=1.2,
        zorder=3,
    )
    axes.scatter(
        after[:, 0], after[:, 1], c=shades, s=42, edgecolors="white", linewidths=0.6, zorder=4
    )
    axes.scatter([], [], facecolors="white", edgecolors=FAINT, s=42, linewidths=1.2,
                 label="baseline")  # fmt: skip
    axes.scatter([], [], c=FAINT, s=42, linewidths=0, label="run")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    axes.set_title(visible(f"Contextual embeddings of both runs\n{caption}"))
    labels = empty_labels(axes, shades)
    others = np.vstack([before, every_start])
    put_labels(labels, after, [label(t) for t in tokens], others, np.vstack(lines))
    columns = ("position", "token", "before_x", "before_y", "after_x", "after_y")
    both = np.hstack([before, after]).tolist()
    return Drawing(figure, Table(columns, [(i, t, *both[i]) for i, t in enumerate(tokens)]))
