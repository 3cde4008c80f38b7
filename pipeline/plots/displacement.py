"""Displacement: where attention moves each embedding, in two dimensions."""

from __future__ import annotations

import numpy as np

from pipeline.plots.canvas import FAINT, colors, label, new_figure, styled
from pipeline.plots.labels import place_labels
from pipeline.plots.pca import fit
from pipeline.records import Drawing, Outcome, Table


@styled
def displacement(outcome: Outcome, caption: str) -> Drawing:
    """Static embeddings as faint points, contextual ones solid, a dashed line between.

    The plane is a PCA fitted on the static embeddings alone; the contextual ones are projected
    into it. The axes say how much of the static variance they show: read distances with that in
    mind.
    """
    basis = fit(outcome.static)
    static, contextual = basis.project(outcome.static), basis.project(outcome.contextual)
    figure = new_figure(7.2, 5.8)
    axes = figure.subplots()
    shades = colors(len(outcome.tokens))
    for start, end, shade in zip(static, contextual, shades, strict=True):
        axes.plot(*zip(start, end, strict=True), "--", color=shade, linewidth=1, alpha=0.6)
    axes.scatter(static[:, 0], static[:, 1], c=shades, s=42, alpha=0.3, linewidths=0)
    axes.scatter(
        contextual[:, 0],
        contextual[:, 1],
        c=shades,
        s=42,
        edgecolors="white",
        linewidths=0.6,
        zorder=3,
    )
    axes.scatter([], [], c=FAINT, s=42, alpha=0.35, linewidths=0, label="static")
    axes.scatter([], [], c=FAINT, s=42, linewidths=0, label="contextual")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    axes.margins(0.12)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"PC 1 ({basis.explained[0]:.0%} of the static variance)")
    axes.set_ylabel(f"PC 2 ({basis.explained[1]:.0%})")
    axes.grid(color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_title(f"Displacement of the embeddings by attention\n{caption}")
    texts = [label(token) for token in outcome.tokens]
    left_out = place_labels(figure, axes, contextual, texts, shades, avoid=static)
    if left_out:
        note = f"{left_out} of {len(texts)} labels left out for want of room"
        axes.annotate(note, (0, 0), (4, 4), xycoords="axes fraction", textcoords="offset points",
                      fontsize=8, color=FAINT)  # fmt: skip
    columns = ("position", "token", "static_x", "static_y", "contextual_x", "contextual_y")
    points = np.hstack([static, contextual]).tolist()
    rows = [(i, token, *points[i]) for i, token in enumerate(outcome.tokens)]
    return Drawing(figure, Table(columns, rows))
