"""Trace: what came of each key, layer upon layer, and the metrics that read it."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.base.records import Array, Attended, Embeddings, Flow
from pipeline.metrics.flow.norm_weighted import norm_rank
from pipeline.metrics.flow.rollout import rollout, rollout_entropy, rollout_self
from pipeline.metrics.streaming.per_row import check_measurable


def trace_flow(attended: Attended, moved: Embeddings, below: Flow | None = None) -> Flow:
    """What came of each key in a layer whose weights were kept, on top of the layers below it."""
    weights = attended.weights
    rolled = rollout(weights, None if below is None else below.rollout, moved.is_residual)
    check_measurable(rolled, "weights through the layers")
    return Flow(weights, attended.allowed, weights * moved.value_norms[:, None, :], rolled)


# → [H, N], or [N] where it is one for all heads
FLOW_METRICS: dict[str, Callable[[Flow], Array]] = {
    "rollout_entropy": rollout_entropy,
    "rollout_self": rollout_self,
    "norm_rank": norm_rank,
}
