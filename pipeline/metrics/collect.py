"""Collect: everything that is read off one sentence in one layer → its metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
from pipeline.metrics.registry import (
    EMBEDDING_METRICS,
    ROW_METRICS,
    SELF_ATTENTION_ONLY,
    SET_METRICS,
)
from pipeline.metrics.rows.position import self_weight
from pipeline.metrics.streaming.observer import WeightObserver
from pipeline.metrics.streaming.per_row import check_measurable
from pipeline.metrics.streaming.pool import POOLINGS


def observe(
    names: Sequence[str],
    shape: tuple[int, int, int],
    numbers: tuple[Positions, Positions] | None = None,
    *,
    pooling: str | None = "mean",
    top: int | None = None,
) -> WeightObserver:
    """What `attend` shows its weights [H, N, M] to, to read the named metrics off them.

    `numbers` tell which tokens are the same. Beside the metrics it reads what each key receives;
    the weights pooled into bins, one of POOLINGS; and with `top` the so many largest of every row.
    """
    wanted = {name: ROW_METRICS[name] for name in names if name in ROW_METRICS}
    bins = None if pooling is None else lookup(POOLINGS, pooling, "figures.pooling")
    return WeightObserver(wanted, self_weight, shape, numbers, bins, top)


def measure(
    attended: Attended,
    moved: Embeddings,
    names: Sequence[str],
    numbers: tuple[Positions, Positions] | None = None,
) -> Metrics:
    """The named metrics of one sentence in a first layer, whose weights were kept.

    `numbers` tell which of its tokens are the same.
    """
    heads, queries, keys = attended.weights.shape
    watching = observe(names, (heads, queries, keys), numbers)
    watching(Block(None, 0, queries, 0, keys), attended.rows)
    return collect_metrics(watching, moved, names, trace_flow(attended, moved))


def collect_metrics(
    watching: WeightObserver, moved: Embeddings, names: Sequence[str], traced: Flow | None = None
) -> Metrics:
    """The named metrics of one sentence whose every block of weights was watched.

    Those of OF_TRACES read what was `traced`, of weights that were kept.

    A query whose every key is masked attends to nothing: it is NaN in every metric of weights
    and moves, and left out of every mean. So is everything of OF_ITSELF in cross-attention.
    """
    for vectors in (moved.before, moved.after):
        check_measurable(vectors, "embeddings")
    rows: dict[str, Array] = {}
    scalars: dict[str, float] = {}
    silent = watching.allowed_counts == 0
    for name in names:
        if moved.is_cross and name in SELF_ATTENTION_ONLY:
            rows[name] = np.full(silent.shape, np.nan)
        elif name in ROW_METRICS:
            rows[name] = watching.rows[name]
        elif name in EMBEDDING_METRICS:
            ways = EMBEDDING_METRICS[name](moved.before, moved.after)
            rows[name] = np.where(silent, np.nan, ways)
        elif name in FLOW_METRICS:
            assert traced is not None
            rows[name] = np.where(silent, np.nan, FLOW_METRICS[name](traced))
        else:
            of_set = lookup(SET_METRICS, name, "metrics")
            scalars[f"{name}_static"] = of_set(concat_heads(moved.before))
            scalars[f"{name}_contextual"] = of_set(concat_heads(moved.after))
    scalars = {**{name: mean_defined(values) for name, values in rows.items()}, **scalars}
    return Metrics(rows, scalars, watching.totals(), traced)


def mean_defined(values: Array | Sequence[float]) -> float:
    """Mean of what is defined; NaN where nothing is.

    >>> mean_defined([1.0, float("nan"), 3.0])
    2.0
    """
    if len(values) == 1 and isinstance(values[0], float):
        return values[0]
    found = np.asarray(values)
    defined = found[~np.isnan(found)]
    return float(defined.mean()) if defined.size else math.nan
