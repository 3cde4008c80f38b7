"""Outcomes → the tables of a run folder, each always of the same columns.

Positions, heads and layers count from 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from pipeline.base.records import Array, LayerResult, Positions
from pipeline.base.tables import Column, DictColumn, LongTable, Table
from pipeline.metrics import uniform_name

CHUNK_WEIGHTS = 1 << 18  # weights that are made into rows at a time


WEIGHT_COLUMNS = (
    "sentence",
    "layer",
    "head",
    "query_position",
    "query",
    "key_position",
    "key",
    "weight",
)


def weights_table(outcomes: Sequence[LayerResult]) -> LongTable:
    """A row a weight that was kept: all, the largest of every row, or none."""
    count = sum(retained_weights(outcome).size for outcome in outcomes)
    return LongTable(
        WEIGHT_COLUMNS, count, lambda: chain.from_iterable(map(weight_columns, outcomes))
    )


def retained_weights(outcome: LayerResult) -> Array:
    """The weights there are to write, [H, N, M] or [H, N, k]."""
    if outcome.attended.stored_weights is not None:
        return outcome.attended.stored_weights
    top = outcome.metrics.totals.top
    return np.zeros((0, 1, 1)) if top is None else top.weights


def weight_columns(outcome: LayerResult) -> Iterator[tuple[Column, ...]]:
    """The weights of some queries of one head at a time."""
    name, top = outcome.embedded.sentence.name, outcome.metrics.totals.top
    for head, weights in enumerate(retained_weights(outcome)):
        step = max(1, CHUNK_WEIGHTS // weights.shape[1])
        for first in range(0, len(weights), step):
            rows = weights[first : first + step]
            i, j = np.indices(rows.shape)
            if outcome.attended.stored_weights is None and top is not None:
                j = top.keys[head, first : first + step]
            there = j >= 0  # a row may have fewer keys than are kept
            queries = position_and_token(i[there] + first, outcome.tokens)
            keys = position_and_token(j[there], outcome.key_tokens)
            yield (name, outcome.layer, head, *queries, *keys, rows[there])


def position_and_token(places: Positions, tokens: Sequence[str]) -> tuple[DictColumn, DictColumn]:
    """Positions, and the tokens that stand there."""
    return DictColumn(range(len(tokens)), places), DictColumn(tokens, places)


def stages_table(outcomes: Sequence[LayerResult]) -> LongTable:
    """A row a logit of every captured stage; −inf where a key is masked."""
    count = sum(logits.size for outcome in outcomes for logits in outcome.stages.values())
    columns = ("stage", *WEIGHT_COLUMNS[:-1], "logit")
    return LongTable(columns, count, lambda: chain.from_iterable(map(stage_columns, outcomes)))


def stage_columns(outcome: LayerResult) -> Iterator[tuple[Column, ...]]:
    """The logits of one stage of one head at a time."""
    name = outcome.embedded.sentence.name
    for stage, of_heads in outcome.stages.items():
        for head, logits in enumerate(of_heads):
            i, j = (places.ravel() for places in np.indices(logits.shape))
            queries, keys = (
                position_and_token(i, outcome.tokens),
                position_and_token(j, outcome.key_tokens),
            )
            yield (stage, name, outcome.layer, head, *queries, *keys, logits.ravel())


def keys_table(outcomes: Sequence[LayerResult]) -> Table:
    """A row a key: its mean weight over the queries, and the same of uniform weights."""
    rows = []
    for outcome in outcomes:
        name, seen = outcome.embedded.sentence.name, outcome.metrics.totals
        for (head, j), mass in np.ndenumerate(seen.key_mass):
            null = float(seen.key_mass_uniform[head, j])
            rows.append((name, outcome.layer, head, j, outcome.key_tokens[j], float(mass), null))
    return Table(("sentence", "layer", "head", "key_position", "key", "mass", "uniform"), rows)


def metrics_table(outcomes: Sequence[LayerResult], names: Sequence[str]) -> Table:
    """A row a query, a column a metric, then a column the null of each."""
    names = [name for name in names if name in outcomes[0].metrics.rows]
    rows = []
    for outcome in outcomes:
        sentence, shape = outcome.embedded.sentence, outcome.metrics.totals.allowed_counts.shape
        nulls = (
            outcome.uniform.rows
            if outcome.uniform
            else dict.fromkeys(names, np.full(shape, np.nan))
        )
        columns = [of[name].tolist() for of in (outcome.metrics.rows, nulls) for name in names]
        for head, i in np.ndindex(shape):
            values = [column[head][i] for column in columns]
            rows.append((sentence.name, outcome.layer, head, i, sentence.tokens[i], *values))
    places = ("sentence", "layer", "head", "query_position", "query")
    return Table((*places, *names, *map(uniform_name, names)), rows)


def embeddings_table(outcomes: Sequence[LayerResult]) -> Table:
    """Static and contextual vectors, a row each, heads side by side in columns x0, x1…

    In cross-attention the static ones are the keys'.
    """
    rows = []
    for outcome in outcomes:
        name, layer = outcome.embedded.sentence.name, outcome.layer
        for kind, tokens, vectors in (
            ("static", outcome.key_tokens, outcome.before),
            ("contextual", outcome.tokens, outcome.after),
        ):
            for i, vector in enumerate(vectors.tolist()):
                rows.append((name, layer, i, tokens[i], kind, *vector))
    width = outcomes[0].before.shape[1]
    entries = [f"x{k}" for k in range(width)]
    return Table(("sentence", "layer", "position", "token", "embedding", *entries), rows)
