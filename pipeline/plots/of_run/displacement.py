"""Displacement: where attention moves each embedding, in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pipeline.base.drawing import Drawing, FigureTemplate
from pipeline.base.records import Array, LayerResult
from pipeline.base.tables import Table
from pipeline.plots.output.style import FAINT, colors, styled
from pipeline.plots.parts.labels import Labels, between, empty_labels, put_labels
from pipeline.plots.parts.pca import fit
from pipeline.plots.parts.plane import View, plane, shares, view
from pipeline.plots.parts.scatter import MAX_LABELED, scatter
from pipeline.plots.parts.token_labels import label, visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text


DISPLACED = "Displacement of the embeddings by attention"


@dataclass(frozen=True, eq=False)
class MovingParts:
    """What differs between displacements from the same places."""

    title: Text
    ways: Sequence[Line2D]  # [N], none in cross-attention
    ends: PathCollection  # [N]
    labels: Labels  # [N], and [M] of the keys in cross-attention


def displacement(outcome: LayerResult, caption: str) -> Drawing:
    """Static embeddings as faint points, contextual ones solid, a dashed line between.

    The plane is a PCA fitted on the static embeddings alone; the contextual ones are projected
    into it. The axes say how much of the static variance they show: read distances with that in
    mind. In cross-attention no query starts anywhere: the faint points are the keys, gray and
    named, and each query lands among them. More than 256 tokens have no names, and are colored by
    their position.
    """
    basis, is_cross = fit(outcome.before), outcome.embeddings.is_cross
    static, contextual = basis.project(outcome.before), basis.project(outcome.after)
    limits = view(np.vstack([static, contextual]))
    starts = tuple(map(tuple, static.tolist()))
    title = "Where queries land among the keys" if is_cross else DISPLACED
    names = shares(basis, "static variance")
    table = points(outcome, static, contextual)
    if max(len(static), len(contextual)) > MAX_LABELED:
        told = f"{title}\n{caption}"
        return Drawing(scatter(static, contextual, limits, names, told, ways=not is_cross), table)
    words = tuple(map(label, outcome.tokens + (outcome.key_tokens if is_cross else ())))
    sheet = FigureTemplate(
        frame,
        (starts, len(contextual), is_cross, limits, names),
        partial(update, static, contextual, words, f"{title}\n{caption}"),
    )
    return Drawing(sheet, table)


@styled
def frame(
    starts: Sequence[Sequence[float]],
    count: int,
    is_cross: bool,
    limits: View,
    names: tuple[str, str],
) -> tuple[Figure, MovingParts]:
    """Axes with the faint points; lines, solid points and labels that have yet to be placed."""
    figure, axes = plane(limits, names)
    shades = colors(count)
    inks = [FAINT] * len(starts) if is_cross else shades
    ways = [] if is_cross else [
        axes.plot([], "--", color=shade, linewidth=1, alpha=0.6)[0] for shade in shades
    ]  # fmt: skip
    x, y = np.transpose(starts)
    axes.scatter(x, y, c=inks, s=42, alpha=0.3, linewidths=0)
    zeros = np.zeros(count)
    ends = axes.scatter(zeros, zeros, c=shades, s=42, edgecolors="white", linewidths=0.6, zorder=3)
    legend(axes, ("keys", "queries' outputs") if is_cross else ("static", "contextual"))
    labels = empty_labels(axes, [*shades, *(inks if is_cross else [])])
    return figure, MovingParts(axes.set_title("", y=1.0), ways, ends, labels)


def legend(axes: Axes, names: tuple[str, str]) -> None:
    """What the faint points are and what the solid ones, outside the axes."""
    axes.scatter([], [], c=FAINT, s=42, alpha=0.35, linewidths=0, label=names[0])
    axes.scatter([], [], c=FAINT, s=42, linewidths=0, label=names[1])
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)


@styled
def update(
    static: Array, contextual: Array, words: Sequence[str], title: str, moving: MovingParts
) -> list[Artist]:
    """The contextual points, the ways to them, and labels where there is room."""
    moving.title.set_text(visible(title))
    for way, start, end in zip(moving.ways, static, contextual, strict=False):
        way.set_data(*zip(start, end, strict=True))
    moving.ends.set_offsets(contextual)
    named, others = contextual, static
    if len(words) > len(contextual):  # the keys have names of their own
        named, others = np.vstack([contextual, static]), static[:0]
    lines = between(static, contextual) if moving.ways else static[:0]
    labels = put_labels(moving.labels, named, words, others, lines)
    return [*moving.ways, moving.ends, *labels, moving.title]


def points(outcome: LayerResult, static: Array, contextual: Array) -> Table:
    """A row a token with both its points; in cross-attention a row a point."""
    if outcome.embeddings.is_cross:
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
