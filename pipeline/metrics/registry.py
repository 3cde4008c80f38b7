"""All metrics: name → function, by what each reads."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.base.records import Array, Rows, WeightTotals
from pipeline.metrics.embeddings import (
    cosine,
    displacement,
    effective_rank,
    pairwise_cosine,
    residual_ratio,
)
from pipeline.metrics.flow.flow import FLOW_METRICS
from pipeline.metrics.heads import key_entropy
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

# One number per query: rows of weights [..., N', M'] → [..., N']
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
# One number per query: before [S, N, E], after [S, N, E] → [S, N], in S spaces
EMBEDDING_METRICS: dict[str, Callable[[Array, Array], Array]] = {
    "displacement": displacement,
    "cosine": cosine,
}
# One number per head: totals → [H]
HEAD_METRICS: dict[str, Callable[[WeightTotals], Array]] = {
    "key_entropy": key_entropy,
}
# One number for all embeddings of a sentence: [N, H·E] → scalar, both before and after attention
SET_METRICS: dict[str, Callable[[Array], float]] = {
    "pairwise_cosine": pairwise_cosine,
    "effective_rank": effective_rank,
    "residual_ratio": residual_ratio,
}

# Metrics that compare a query with the key of the same token: undefined in cross-attention
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

METRICS: dict[str, Callable[..., Array | float]] = {
    **ROW_METRICS,
    **EMBEDDING_METRICS,
    **FLOW_METRICS,
    **HEAD_METRICS,
    **SET_METRICS,
}
