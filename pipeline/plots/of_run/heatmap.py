"""Heatmap: the N × M weights of every head, queries down and keys across."""

from __future__ import annotations

import numpy as np

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult, Pooled, Positions
from pipeline.base.tables import Table
from pipeline.plots.output.style import styled
from pipeline.plots.parts.matrix import cell_table, matrices

COLOR_QUANTILE = 0.99  # share of the bins whose values the color scale spans
UNITS = {"mean": "Mean attention weight", "max": "Largest attention weight"}


def heatmap(layer: LayerResult, caption: str) -> Drawing:
    """The weights as colors from 0 to the largest, one panel per head, all on one color scale.

    Up to 12 tokens each cell shows its number; where labels would be too small to read, some are
    left out. A masked cell is left blank, as it is not a small weight but none. Beyond 256 tokens
    each cell pools a square of neighbors, and the title says so.
    """
    pooled = layer.metrics.totals.pooled
    assert pooled is not None, "the plot's entry says needs_pooled"
    if not pooled.is_whole:
        return pooled_heatmap(pooled, caption)
    queries, keys = layer.tokens, layer.key_tokens
    template = matrices(
        pooled.values,
        queries,
        keys,
        title=f"Attention weights\n{caption}",
        unit="Attention weight",
        low=0.0,
        high=color_limit(pooled),
        cmap="viridis",
    )
    return Drawing(template, cell_table(np.nan_to_num(pooled.values), queries, keys, "weight"))


@styled
def pooled_heatmap(pooled: Pooled, caption: str) -> Drawing:
    """One cell per bin, with positions as ticks.

    Under a causal mask the first bins are far larger than all others, so the color scale ends at
    the value that 99 % of the bins do not exceed.
    """
    defined = pooled.values[~np.isnan(pooled.values)]
    high = float(np.quantile(defined, COLOR_QUANTILE)) if defined.size else 0.0
    size = " × ".join(str(ends[1] - ends[0]) for ends in (pooled.queries, pooled.keys))
    template = matrices(
        pooled.values,
        [str(pooled.queries[-1])] * (len(pooled.queries) - 1),  # keeps room for the ticks
        [""] * (len(pooled.keys) - 1),
        title=f"Attention weights, the {pooled.kind} of {size} in each cell\n{caption}",
        unit=f"{UNITS[pooled.kind]}, up to that of {COLOR_QUANTILE:.0%} of the cells",
        low=0.0,
        high=high or color_limit(pooled),
        cmap="viridis",
    )
    figure = template.figure()
    for axes in figure.axes:
        if axes.get_xlabel() == "Keys":
            axes.set_xticks(*round_ticks(pooled.keys), rotation=0, fontsize=9)
            axes.set_yticks(*round_ticks(pooled.queries), fontsize=9)
            axes.set_xlabel("Keys, by position")
            axes.set_ylabel("Queries, by position")
    return Drawing(figure, bin_table(pooled))


def round_ticks(ends: Positions) -> tuple[list[float], list[str]]:
    """At most nine round positions: where they lie along the cells, and as labels.

    >>> round_ticks(np.array([0, 10, 20, 25]))[1]
    ['0', '5', '10', '15', '20']
    """
    count, size = int(ends[-1]), int(ends[1] - ends[0])
    step = next(s for power in range(20) for m in (1, 2, 5) if (s := m * 10**power) * 8 >= count)
    positions = range(0, count, step)
    return [(p + 0.5) / size - 0.5 for p in positions], [str(p) for p in positions]


def color_limit(pooled: Pooled) -> float:
    """The largest value; 0 where every cell is masked."""
    return float(np.fmax.reduce(pooled.values, axis=None, initial=0.0))


def bin_table(pooled: Pooled) -> Table:
    """One row per bin, with the positions of the first and last query and key in it."""

    def first_and_last(ends: Positions, i: int) -> tuple[int, int]:
        return int(ends[i]), int(ends[i + 1]) - 1

    value = f"{pooled.kind}_weight"
    columns = ("head", "first_query", "last_query", "first_key", "last_key", value)
    rows = [
        (head, *first_and_last(pooled.queries, i), *first_and_last(pooled.keys, j), float(number))
        for (head, i, j), number in np.ndenumerate(pooled.values)
    ]
    return Table(columns, rows)
