"""The metrics there are: name → function, by what each reads."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.base.records import Array, Rows
from pipeline.metrics.embeddings import (
    cosine,
    displacement,
    effective_rank,
    pairwise_cosine,
    residual_ratio,
)
from pipeline.metrics.flow.flow import FLOW_METRICS
from pipeline.metrics.rows.leak import leaked_mass
from pipeline.metrics.rows.position import (
    duplicate_token,
    mean_distance,
    previous_token,
    self_weight,
    sink_mass,
)
from pipeline.metrics.rows.sharpness import (
    effective_keys,
    entropy,
    entropy_normalized,
    jacobian_norm,
    jacobian_spectral,
    kl_uniform,
    max_weight,
    support_size,
)

# Rows → [..., B]
ROW_METRICS: dict[str, Callable[[Rows], Array]] = {
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
EMBEDDING_METRICS: dict[str, Callable[[Array, Array], Array]] = {
    "displacement": displacement,
    "cosine": cosine,
}
# [N, H·E] → one number, before and after
SET_METRICS: dict[str, Callable[[Array], float]] = {
    "pairwise_cosine": pairwise_cosine,
    "effective_rank": effective_rank,
    "residual_ratio": residual_ratio,
}

# What holds a query against the key of the same token, which cross-attention does not have
SELF_ATTENTION_ONLY = frozenset(
    {
        "self_weight",
        "mean_distance",
        "previous_token",
        "duplicate_token",
        "rollout_self",
        *EMBEDDING_METRICS,
    }
)

METRICS: tuple[str, ...] = (*ROW_METRICS, *EMBEDDING_METRICS, *FLOW_METRICS, *SET_METRICS)
