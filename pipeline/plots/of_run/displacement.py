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
from pipeline.plots.parts.labels import Labels, empty_labels, points_between, put_labels
from pipeline.plots.parts.pca import fit
from pipeline.plots.parts.plane import View, axis_names, empty_plane, view
from pipeline.plots.parts.scatter import MAX_LABELED, scatter
from pipeline.plots.parts.token_labels import label, visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

SELF_TITLE = "Displacement of the embeddings by attention"
CROSS_TITLE = "Where queries land among the keys"


@dataclass(frozen=True, eq=False)
class DisplacementArtists:
    """What differs between displacements that start from the same points."""

    title: Text
    paths: Sequence[Line2D]  # [N], static to contextual; none in cross-attention
    points: PathCollection  # [N], the contextual ones
    labels: Labels  # [N], and [M] of the keys in cross-attention


def displacement(layer: LayerResult, caption: str) -> Drawing:
    """Static embeddings as faint points, contextual ones solid, a dashed line between.

    The plane is a PCA fitted on the static embeddings alone; the contextual ones are projected
    into it. The axis labels give the share of the static variance that each axis shows: distances
    in the figure are no better than that. In cross-attention no query has a static embedding: the
    faint points are the keys, gray and labeled. Beyond 256 tokens none is labeled, and points are
    colored by position.
    """
    basis, is_cross = fit(layer.before), layer.embeddings.is_cross
    static, contextual = basis.project(layer.before), basis.project(layer.after)
    limits = view(np.vstack([static, contextual]))
    title = f"{CROSS_TITLE if is_cross else SELF_TITLE}\n{caption}"
    names = axis_names(basis, "static variance")
    table = points_table(layer, static, contextual)
    if max(len(static), len(contextual)) > MAX_LABELED:
        figure = scatter(static, contextual, limits, names, title, with_paths=not is_cross)
        return Drawing(figure, table)
    texts = tuple(map(label, layer.tokens + (layer.key_tokens if is_cross else ())))
    template = FigureTemplate(
        build_displacement,
        (tuple(map(tuple, static.tolist())), len(contextual), is_cross, limits, names),
        partial(update_displacement, static, contextual, texts, title),
    )
    return Drawing(template, table)


@styled
def build_displacement(
    static: Sequence[Sequence[float]],
    count: int,
    is_cross: bool,
    limits: View,
    names: tuple[str, str],
) -> tuple[Figure, DisplacementArtists]:
    """Axes with the static points; `count` lines, points and labels that are yet to be placed."""
    figure, axes = empty_plane(limits, names)
    shades = colors(count)
    static_shades = [FAINT] * len(static) if is_cross else shades
    paths = [] if is_cross else [
        axes.plot([], "--", color=shade, linewidth=1, alpha=0.6)[0] for shade in shades
    ]  # fmt: skip
    x, y = np.transpose(static)
    axes.scatter(x, y, c=static_shades, s=42, alpha=0.3, linewidths=0)
    zeros = np.zeros(count)
    points = axes.scatter(
        zeros, zeros, c=shades, s=42, edgecolors="white", linewidths=0.6, zorder=3
    )
    add_legend(axes, ("keys", "queries' outputs") if is_cross else ("static", "contextual"))
    labels = empty_labels(axes, [*shades, *(static_shades if is_cross else [])])
    return figure, DisplacementArtists(axes.set_title("", y=1.0), paths, points, labels)


def add_legend(axes: Axes, names: tuple[str, str]) -> None:
    """What the faint and the solid points are, to the right of the axes."""
    axes.scatter([], [], c=FAINT, s=42, alpha=0.35, linewidths=0, label=names[0])
    axes.scatter([], [], c=FAINT, s=42, linewidths=0, label=names[1])
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)


@styled
def update_displacement(
    static: Array, contextual: Array, texts: Sequence[str], title: str, moving: DisplacementArtists
) -> list[Artist]:
    """Places the contextual points, the lines to them, and labels where there is room."""
    moving.title.set_text(visible(title))
    for path, start, end in zip(moving.paths, static, contextual, strict=False):
        path.set_data(*zip(start, end, strict=True))
    moving.points.set_offsets(contextual)
    labeled, unlabeled = contextual, static
    if len(texts) > len(contextual):  # the keys have labels of their own
        labeled, unlabeled = np.vstack([contextual, static]), static[:0]
    lines = points_between(static, contextual) if moving.paths else static[:0]
    labels = put_labels(moving.labels, labeled, texts, unlabeled, lines)
    return [*moving.paths, moving.points, *labels, moving.title]


def points_table(layer: LayerResult, static: Array, contextual: Array) -> Table:
    """One row per token with both of its points; in cross-attention one row per point."""
    if layer.embeddings.is_cross:
        sides = (("key", layer.key_tokens, static), ("query", layer.tokens, contextual))
        rows = [
            (i, tokens[i], side, *point)
            for side, tokens, points in sides
            for i, point in enumerate(points.tolist())
        ]
        return Table(("position", "token", "side", "x", "y"), rows)
    both = np.hstack([static, contextual]).tolist()
    rows = [(i, token, *both[i]) for i, token in enumerate(layer.tokens)]
    columns = ("position", "token", "static_x", "static_y", "contextual_x", "contextual_y")
    return Table(columns, rows)
