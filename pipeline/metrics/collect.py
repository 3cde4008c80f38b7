"""Everything that is measured of one sentence in one layer, brought together."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from pipeline.base.records import (
    Array,
    Attended,
    Block,
    Embeddings,
    Flow,
    Metrics,
    Positions,
    concat_heads,
)
from pipeline.base.registry import lookup
from pipeline.metrics.flow.flow import FLOW_METRICS, trace_flow
from pipeline.metrics.limits import check_measurable
from pipeline.metrics.registry import (
    EMBEDDING_METRICS,
    HEAD_METRICS,
    METRICS,
    ROW_METRICS,
    SELF_ATTENTION_ONLY,
    SET_METRICS,
)
from pipeline.metrics.rows.position import self_weight
from pipeline.metrics.streaming.observer import WeightObserver
from pipeline.metrics.streaming.pool import POOLINGS


def observe(
    names: Collection[str],
    shape: tuple[int, int, int],
    token_ids: tuple[Positions, Positions] | None = None,
    *,
    pooling: str | None = "mean",
    top: int | None = None,
) -> WeightObserver:
    """An observer for `attend` that computes the named metrics of weights [H, N, M] as they pass.

    `token_ids` are equal where tokens are. The observer also gathers the mass of each key, the
    weights in bins (`pooling`: one of POOLINGS, None for no bins) and the `top` largest per row.
    """
    metrics = {name: ROW_METRICS[name] for name in names if name in ROW_METRICS}
    bins = None if pooling is None else lookup(POOLINGS, pooling, "figures.pooling")
    return WeightObserver(metrics, self_weight, shape, token_ids, bins, top)


def measure(
    attended: Attended,
    embeddings: Embeddings,
    names: Collection[str],
    token_ids: tuple[Positions, Positions] | None = None,
) -> Metrics:
    """The named metrics of one sentence in a first layer whose weights were kept.

    `token_ids` are equal where tokens are.
    """
    heads, queries, keys = attended.weights.shape
    observer = observe(names, (heads, queries, keys), token_ids)
    observer(Block(None, 0, queries, 0, keys), attended.rows)
    return collect_metrics(observer, embeddings, names, trace_flow(attended, embeddings))


def collect_metrics(
    observer: WeightObserver,
    embeddings: Embeddings,
    names: Collection[str],
    flow: Flow | None = None,
) -> Metrics:
    """The named metrics of one sentence whose every block of weights the observer has seen.

    FLOW_METRICS need a `flow`, which needs the weights. A query whose every key is masked attends
    to nothing: each of its metrics is NaN and left out of every mean. In cross-attention the
    metrics in SELF_ATTENTION_ONLY are NaN for every query.
    """
    for vectors in (embeddings.before, embeddings.after):
        check_measurable(vectors, "embeddings")
    totals = observer.totals()
    rows: dict[str, Array] = {}
    heads: dict[str, Array] = {}
    sets: dict[str, float] = {}
    fully_masked = totals.allowed_counts == 0
    for name in names:
        if embeddings.is_cross and name in SELF_ATTENTION_ONLY:
            rows[name] = np.full(fully_masked.shape, np.nan)
        elif name in ROW_METRICS:
            rows[name] = observer.rows[name]
        elif name in EMBEDDING_METRICS:
            values = EMBEDDING_METRICS[name](embeddings.before, embeddings.after)
            rows[name] = np.where(fully_masked, np.nan, values)
        elif name in FLOW_METRICS:
            assert flow is not None
            rows[name] = np.where(fully_masked, np.nan, FLOW_METRICS[name](flow))
        elif name in HEAD_METRICS:
            heads[name] = HEAD_METRICS[name](totals)
        elif name in SET_METRICS:
            sets[f"{name}_static"] = SET_METRICS[name](concat_heads(embeddings.before))
            sets[f"{name}_contextual"] = SET_METRICS[name](concat_heads(embeddings.after))
        else:
            lookup(METRICS, name, "metrics")  # raises, with all the choices
    by_name = {**rows, **heads}
    means = {name: mean_defined(by_name[name]) for name in names if name in by_name}
    return Metrics(rows, heads, {**means, **sets}, totals, flow)


def mean_defined(values: Array | Sequence[float]) -> float:
    """The mean of the values that are not NaN; NaN where all are.

    >>> mean_defined([1.0, float("nan"), 3.0])
    2.0
    """
    if len(values) == 1 and isinstance(values[0], float):
        return values[0]
    array = np.asarray(values)
    defined = array[~np.isnan(array)]
    return float(defined.mean()) if defined.size else math.nan
