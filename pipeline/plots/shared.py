"""Shared displacement: where attention takes the same tokens in two runs, on one plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.plots.canvas import FAINT, colors, label, new_figure, styled
from pipeline.plots.labels import place_labels
from pipeline.plots.pca import fit
from pipeline.records import Array, Drawing, Table

Pair = tuple[Array, Array]  # before and after


@styled
def shared_displacement(
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
    figure = new_figure(7.2, 5.8)
    axes = figure.subplots()
    shades = colors(len(tokens))
    every_start = np.unique(np.vstack(starts).round(12), axis=0)
    axes.scatter(
        every_start[:, 0], every_start[:, 1], c=FAINT, s=30, alpha=0.3, linewidths=0, label="static"
    )
    for points, ends in zip(own or (), (before, after), strict=own is not None):
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
    axes.margins(0.12)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"PC 1 ({basis.explained[0]:.0%} of the static variance of both)")
    axes.set_ylabel(f"PC 2 ({basis.explained[1]:.0%})")
    axes.grid(color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_title(f"Contextual embeddings of both runs\n{caption}")
    texts = [label(token) for token in tokens]
    avoid = np.vstack([before, every_start])
    left_out = place_labels(figure, axes, after, texts, shades, avoid=avoid)
    if left_out:
        note = f"{left_out} of {len(texts)} labels left out for want of room"
        axes.annotate(note, (0, 0), (4, 4), xycoords="axes fraction", textcoords="offset points",
                      fontsize=8, color=FAINT)  # fmt: skip
    columns = ("position", "token", "before_x", "before_y", "after_x", "after_y")
    both = np.hstack([before, after]).tolist()
    return Drawing(figure, Table(columns, [(i, t, *both[i]) for i, t in enumerate(tokens)]))
