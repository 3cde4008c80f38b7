"""What a run computed → the tables of its folder.

Each table always has the same columns, but for one column per metric or per entry of a vector.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from pipeline.base.records import Array, LayerResult, Positions
from pipeline.base.tables import Column, DictColumn, LongTable, Table
from pipeline.metrics import uniform_name
from pipeline.store import schema

CHUNK_WEIGHTS = 1 << 18  # weights that become rows of a table at a time


def weights_table(layers: Sequence[LayerResult]) -> LongTable:
    """One row per weight that was kept: all, the largest of every row, or none."""
    count = sum(retained_weights(layer).size for layer in layers)
    return LongTable(
        schema.WEIGHTS.columns, count, lambda: chain.from_iterable(map(weight_columns, layers))
    )


def retained_weights(layer: LayerResult) -> Array:
    """The weights that were kept, [H, N, M] or [H, N, k]."""
    if layer.attended.stored_weights is not None:
        return layer.attended.stored_weights
    top = layer.metrics.totals.top
    return np.zeros((0, 1, 1)) if top is None else top.weights


def weight_columns(layer: LayerResult) -> Iterator[tuple[Column, ...]]:
    """The weights of some queries of one head at a time."""
    sentence, top = layer.embedded.sentence.name, layer.metrics.totals.top
    for head, weights in enumerate(retained_weights(layer)):
        step = max(1, CHUNK_WEIGHTS // weights.shape[1])
        for start in range(0, len(weights), step):
            rows = weights[start : start + step]
            i, j = np.indices(rows.shape)
            if layer.attended.stored_weights is None and top is not None:
                j = top.keys[head, start : start + step]
            exists = j >= 0  # a row may have fewer than k allowed keys
            queries = position_and_token(i[exists] + start, layer.tokens)
            keys = position_and_token(j[exists], layer.key_tokens)
            yield (sentence, layer.layer, head, *queries, *keys, rows[exists])


def position_and_token(
    positions: Positions, tokens: Sequence[str]
) -> tuple[DictColumn, DictColumn]:
    """A column of positions, and one of the tokens there."""
    return DictColumn(range(len(tokens)), positions), DictColumn(tokens, positions)


def stages_table(layers: Sequence[LayerResult]) -> LongTable:
    """One row per logit of every recorded stage; −inf where a key is masked."""
    count = sum(logits.size for layer in layers for logits in layer.stages.values())
    return LongTable(
        schema.STAGES.columns, count, lambda: chain.from_iterable(map(stage_columns, layers))
    )


def stage_columns(layer: LayerResult) -> Iterator[tuple[Column, ...]]:
    """The logits of one stage of one head at a time."""
    sentence = layer.embedded.sentence.name
    for stage, heads in layer.stages.items():
        for head, logits in enumerate(heads):
            i, j = (positions.ravel() for positions in np.indices(logits.shape))
            queries = position_and_token(i, layer.tokens)
            keys = position_and_token(j, layer.key_tokens)
            yield (stage, sentence, layer.layer, head, *queries, *keys, logits.ravel())


def keys_table(layers: Sequence[LayerResult]) -> Table:
    """One row per key: its mean weight over the queries, and the same under uniform attention."""
    rows = []
    for layer in layers:
        sentence, totals = layer.embedded.sentence.name, layer.metrics.totals
        for (head, j), mass in np.ndenumerate(totals.key_mass):
            uniform = float(totals.key_mass_uniform[head, j])
            key = layer.key_tokens[j]
            rows.append((sentence, layer.layer, head, j, key, float(mass), uniform))
    return Table(schema.KEYS.columns, rows)


def metrics_table(layers: Sequence[LayerResult], names: Collection[str]) -> Table:
    """One row per query: the named metrics that have one number each, then their uniform values."""
    names = [name for name in names if name in layers[0].metrics.rows]
    rows = []
    for layer in layers:
        sentence, shape = layer.embedded.sentence, layer.metrics.totals.allowed_counts.shape
        uniform = layer.uniform.rows if layer.uniform else undefined(names, shape)
        values = beside_uniform(names, layer.metrics.rows, uniform)
        for head, i in np.ndindex(shape):
            row = [metric[head][i] for metric in values]
            rows.append((sentence.name, layer.layer, head, i, sentence.tokens[i], *row))
    return Table((*schema.METRICS.columns, *names, *map(uniform_name, names)), rows)


def heads_table(layers: Sequence[LayerResult], names: Collection[str]) -> Table:
    """One row per head: the named metrics that have one number each, then their uniform values."""
    names = [name for name in names if name in layers[0].metrics.heads]
    rows = []
    for layer in layers:
        heads = len(layer.metrics.totals.allowed_counts)
        uniform = layer.uniform.heads if layer.uniform else undefined(names, (heads,))
        values = beside_uniform(names, layer.metrics.heads, uniform)
        for head in range(heads):
            row = [metric[head] for metric in values]
            rows.append((layer.embedded.sentence.name, layer.layer, head, *row))
    return Table((*schema.HEADS.columns, *names, *map(uniform_name, names)), rows)


def undefined(names: Sequence[str], shape: tuple[int, ...]) -> dict[str, Array]:
    """NaN for every named metric."""
    return dict.fromkeys(names, np.full(shape, np.nan))


def beside_uniform(
    names: Sequence[str], metrics: Mapping[str, Array], uniform: Mapping[str, Array]
) -> list[Any]:
    """The named metrics as lists [H] or [H, N] of numbers, then their uniform values."""
    return [values[name].tolist() for values in (metrics, uniform) for name in names]


def embeddings_table(layers: Sequence[LayerResult]) -> Table:
    """One row per vector, static then contextual, heads side by side in columns x0, x1…

    In cross-attention the static ones are the keys'.
    """
    rows = []
    for layer in layers:
        sentence = layer.embedded.sentence.name
        for kind, tokens, vectors in (
            ("static", layer.key_tokens, layer.before),
            ("contextual", layer.tokens, layer.after),
        ):
            for i, vector in enumerate(vectors.tolist()):
                rows.append((sentence, layer.layer, i, tokens[i], kind, *vector))
    entries = [f"x{k}" for k in range(layers[0].before.shape[1])]
    return Table((*schema.EMBEDDINGS.columns, *entries), rows)
