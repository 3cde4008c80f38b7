"""Displacement: where attention moves each embedding, in two dimensions."""

from __future__ import annotations

import numpy as np

from pipeline.plots.canvas import FAINT, colors, label, new_figure, styled
from pipeline.plots.labels import place_labels
from pipeline.plots.pca import fit
from pipeline.records import Array, Drawing, Outcome, Table

DISPLACED = "Displacement of the embeddings by attention"


@styled
def displacement(outcome: Outcome, caption: str) -> Drawing:
    """Static embeddings as faint points, contextual ones solid, a dashed line between.

    The plane is a PCA fitted on the static embeddings alone; the contextual ones are projected
    into it. The axes say how much of the static variance they show: read distances with that in
    mind. In cross-attention no query starts anywhere: the faint points are the keys, gray and
    named, and each query lands among them.
    """
    basis, is_cross = fit(outcome.static), outcome.moved.is_cross
    static, contextual = basis.project(outcome.static), basis.project(outcome.contextual)
    figure = new_figure(7.2, 5.8)
    axes = figure.subplots()
    shades = colors(len(outcome.tokens))
    starts = [FAINT] * len(static) if is_cross else shades
    if not is_cross:
        for start, end, shade in zip(static, contextual, shades, strict=True):
            axes.plot(*zip(start, end, strict=True), "--", color=shade, linewidth=1, alpha=0.6)
    axes.scatter(static[:, 0], static[:, 1], c=starts, s=42, alpha=0.3, linewidths=0)
    axes.scatter(
        contextual[:, 0],
        contextual[:, 1],
        c=shades,
        s=42,
        edgecolors="white",
        linewidths=0.6,
        zorder=3,
    )
    names = ("keys", "queries' outputs") if is_cross else ("static", "contextual")
    axes.scatter([], [], c=FAINT, s=42, alpha=0.35, linewidths=0, label=names[0])
    axes.scatter([], [], c=FAINT, s=42, linewidths=0, label=names[1])
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    axes.margins(0.12)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"PC 1 ({basis.explained[0]:.0%} of the static variance)")
    axes.set_ylabel(f"PC 2 ({basis.explained[1]:.0%})")
    axes.grid(color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    title = "Where queries land among the keys" if is_cross else DISPLACED
    axes.set_title(f"{title}\n{caption}")
    texts = [label(token) for token in outcome.tokens]
    places, inks, avoid = contextual, shades, static
    if is_cross:
        texts += [label(token) for token in outcome.key_tokens]
        places, inks = np.vstack([contextual, static]), [*shades, *starts]
        avoid = static[:0]
    left_out = place_labels(figure, axes, places, texts, inks, avoid)
    if left_out:
        note = f"{left_out} of {len(texts)} labels left out for want of room"
        axes.annotate(note, (0, 0), (4, 4), xycoords="axes fraction", textcoords="offset points",
                      fontsize=8, color=FAINT)  # fmt: skip
    return Drawing(figure, points(outcome, static, contextual))


def points(outcome: Outcome, static: Array, contextual: Array) -> Table:
    """A row a token with both its points; in cross-attention a row a point."""
    if outcome.moved.is_cross:
        sides = (("key", outcome.key_tokens, static), ("query", outcome.tokens, contextual))
        rows = [
            (i, tokens[i], side, *point)
            for side, tokens, places in sides
            for i, point in enumerate(places.tolist())
        ]
        return Table(("position", "token", "side", "x", "y"), rows)
    both = np.hstack([static, contextual]).tolist()
    rows = [(i, token, *both[i]) for i, token in enumerate(outcome.tokens)]
    columns = ("position", "token", "static_x", "static_y", "contextual_x", "contextual_y")
    return Table(columns, rows)
