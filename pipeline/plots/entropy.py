"""Entropy by token: how undecided each query is, beside the most it could be."""

from __future__ import annotations

import numpy as np

from pipeline.plots.canvas import COLORS, FAINT, INK, new_figure, styled, token_ticks
from pipeline.records import Drawing, Outcome, Table

LEGEND = 2.4  # inches of the figure's width that the legend and the numbers take


@styled
def entropy(outcome: Outcome, caption: str) -> Drawing:
    """A bar a query, the mean over heads, with each head a dot; dashes mark ln(allowed keys)."""
    values, tokens = outcome.measured.rows["entropy"], outcome.tokens
    allowed = np.broadcast_to(outcome.attended.allowed, outcome.attended.weights.shape)[0]
    most = np.log(np.maximum(allowed.sum(axis=-1), 1))
    width = min(max(6.2, 0.45 * len(tokens) + 2), 11.0)
    figure = new_figure(width, 3.9)
    axes = figure.subplots()
    places = np.arange(len(tokens))
    average = np.nan_to_num(values).mean(axis=0)
    axes.bar(places, average, width=0.72, color=COLORS[0], label="entropy")
    if len(values) > 1:
        axes.plot(places, values.T, ".", color=INK, alpha=0.5, markersize=4)
    axes.hlines(most, places - 0.45, places + 0.45, FAINT, "--", linewidth=1.2,
                label="uniform: ln(keys)")  # fmt: skip
    axes.set_xlim(-0.6, len(tokens) - 0.4)
    axes.set_ylim(0, max(float(most.max()), 0.1) * 1.12)
    token_ticks(axes, "x", tokens, width - LEGEND)
    axes.set_xlabel("Queries")
    axes.set_ylabel("Entropy (nats)")
    axes.set_title(f"Entropy by token\n{caption}")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
    columns = ("head", "query_position", "query", "entropy", "entropy_of_uniform")
    rows = [
        (head, i, tokens[i], float(value), float(most[i]))
        for (head, i), value in np.ndenumerate(values)
    ]
    return Drawing(figure, Table(columns, rows))
