"""Attended → numbers: one file a family, and one entry here.

A metric reads one of four things: the rows of weights, each token's way from static to
contextual embedding, the whole set of embeddings before and after, or what came of each key for
each query, layer upon layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from pipeline.choose import choose
from pipeline.metrics.context import cosine, displacement, pairwise_cosine
from pipeline.metrics.leak import leaked_mass
from pipeline.metrics.place import (
    duplicate_token,
    mean_distance,
    previous_token,
    self_weight,
    sink_mass,
)
from pipeline.metrics.pool import POOLINGS
from pipeline.metrics.rank import effective_rank, residual_ratio
from pipeline.metrics.scalars import has_null, is_null, layers_of, null_of
from pipeline.metrics.sharpness import (
    effective_keys,
    entropy,
    entropy_normalized,
    jacobian_norm,
    jacobian_spectral,
    kl_uniform,
    max_weight,
    support_size,
)
from pipeline.metrics.stream import Stream, check_measurable
from pipeline.metrics.trace import OF_TRACES, trace
from pipeline.metrics.watch import Watch
from pipeline.records import (
    Array,
    Attended,
    Block,
    Measured,
    Moved,
    Positions,
    Rows,
    Traced,
    beside,
)

# Rows → [..., B]
OF_WEIGHTS: dict[str, Callable[[Rows], Array]] = {
    "entropy": entropy,
    "entropy_normalized": entropy_normalized,
    "kl_uniform": kl_uniform,
    "effective_keys": effective_keys,
    "support_size": support_size,
    "max_weight": max_weight,
    "self_weight": self_weight,
    "mean_distance": mean_distance,
    "previous_token": previous_token,
    "duplicate_token": duplicate_token,
    "sink_mass": sink_mass,
    "jacobian_norm": jacobian_norm,
    "jacobian_spectral": jacobian_spectral,
    "leaked_mass": leaked_mass,
}
# static [H, N, E], contextual [H, N, E] → [H, N]
OF_MOVES: dict[str, Callable[[Array, Array], Array]] = {
    "displacement": displacement,
    "cosine": cosine,
}
# [N, H·E] → one number, before and after
OF_SETS: dict[str, Callable[[Array], float]] = {
    "pairwise_cosine": pairwise_cosine,
    "effective_rank": effective_rank,
    "residual_ratio": residual_ratio,
}

# What holds a query against the key of the same token, which cross-attention does not have
OF_ITSELF = frozenset(
    {"self_weight", "mean_distance", "previous_token", "duplicate_token", "rollout_self", *OF_MOVES}
)

METRICS: tuple[str, ...] = (*OF_WEIGHTS, *OF_MOVES, *OF_TRACES, *OF_SETS)

__all__ = [
    "METRICS",
    "OF_ITSELF",
    "OF_MOVES",
    "OF_SETS",
    "OF_TRACES",
    "OF_WEIGHTS",
    "POOLINGS",
    "Stream",
    "Watch",
    "check_measurable",
    "gather",
    "has_null",
    "is_null",
    "layers_of",
    "mean",
    "measure",
    "names_in_a_run",
    "null_of",
    "scalar_names",
    "trace",
    "watch",
]


def watch(
    names: Sequence[str],
    shape: tuple[int, int, int],
    numbers: tuple[Positions, Positions] | None = None,
    *,
    pooling: str | None = "mean",
    top: int | None = None,
) -> Watch:
    """What `attend` shows its weights [H, N, M] to, to read the named metrics off them.

    `numbers` tell which tokens are the same. Beside the metrics it reads what each key receives;
    the weights pooled into bins, one of POOLINGS; and with `top` the so many largest of every row.
    """
    wanted = {name: OF_WEIGHTS[name] for name in names if name in OF_WEIGHTS}
    bins = None if pooling is None else choose(POOLINGS, pooling, "figures.pooling")
    return Watch(wanted, self_weight, shape, numbers, bins, top)


def measure(
    attended: Attended,
    moved: Moved,
    names: Sequence[str],
    numbers: tuple[Positions, Positions] | None = None,
) -> Measured:
    """The named metrics of one sentence in a first layer, whose weights were kept.

    `numbers` tell which of its tokens are the same.
    """
    heads, queries, keys = attended.weights.shape
    watching = watch(names, (heads, queries, keys), numbers)
    watching(Block(None, 0, queries, 0, keys), attended.rows)
    return gather(watching, moved, names, trace(attended, moved))


def gather(
    watching: Watch, moved: Moved, names: Sequence[str], traced: Traced | None = None
) -> Measured:
    """The named metrics of one sentence whose every block of weights was watched.

    Those of OF_TRACES read what was `traced`, of weights that were kept.

    A query whose every key is masked attends to nothing: it is NaN in every metric of weights
    and moves, and left out of every mean. So is everything of OF_ITSELF in cross-attention.
    """
    for vectors in (moved.static, moved.contextual):
        check_measurable(vectors, "embeddings")
    rows: dict[str, Array] = {}
    scalars: dict[str, float] = {}
    silent = watching.counts == 0
    for name in names:
        if moved.is_cross and name in OF_ITSELF:
            rows[name] = np.full(silent.shape, np.nan)
        elif name in OF_WEIGHTS:
            rows[name] = watching.rows[name]
        elif name in OF_MOVES:
            ways = OF_MOVES[name](moved.static, moved.contextual)
            rows[name] = np.where(silent, np.nan, ways)
        elif name in OF_TRACES:
            assert traced is not None
            rows[name] = np.where(silent, np.nan, OF_TRACES[name](traced))
        else:
            of_set = choose(OF_SETS, name, "metrics")
            scalars[f"{name}_static"] = of_set(beside(moved.static))
            scalars[f"{name}_contextual"] = of_set(beside(moved.contextual))
    scalars = {**{name: mean(values) for name, values in rows.items()}, **scalars}
    return Measured(rows, scalars, watching.seen(), traced)


def scalar_names(names: Sequence[str]) -> tuple[str, ...]:
    """What the named metrics are called as scalars of one sentence, and of a run.

    >>> scalar_names(["entropy", "pairwise_cosine"])
    ('entropy', 'pairwise_cosine_static', 'pairwise_cosine_contextual')
    """
    plain = [name for name in names if name not in OF_SETS]
    both = [
        f"{name}_{when}" for name in names if name in OF_SETS for when in ("static", "contextual")
    ]
    return (*plain, *both)


def names_in_a_run(names: Sequence[str]) -> tuple[str, ...]:
    """What the scalars of a run with the named metrics are called, each metric's null at the end.

    >>> names_in_a_run(["entropy"])
    ('entropy', 'entropy_null')
    """
    own = scalar_names(names)
    return (*own, *(null_of(name) for name in own if has_null(name)))


def mean(values: Array | Sequence[float]) -> float:
    """Mean of what is defined; NaN where nothing is.

    >>> mean([1.0, float("nan"), 3.0])
    2.0
    """
    if len(values) == 1 and isinstance(values[0], float):
        return values[0]
    found = np.asarray(values)
    defined = found[~np.isnan(found)]
    return float(defined.mean()) if defined.size else math.nan
