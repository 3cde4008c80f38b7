"""What each key contributes to each query, layer upon layer, and the metrics that read it."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.base.records import Array, Attended, Embeddings, Flow
from pipeline.metrics.flow.norm_weighted import norm_rank
from pipeline.metrics.flow.rollout import rollout, rollout_entropy, rollout_self
from pipeline.metrics.limits import check_measurable


def trace_flow(attended: Attended, embeddings: Embeddings, below: Flow | None = None) -> Flow:
    """The flow through a layer whose weights were kept, on top of that of the layers below."""
    weights = attended.weights
    rolled = rollout(weights, None if below is None else below.rollout, embeddings.is_residual)
    check_measurable(rolled, "weights through the layers")
    weighted = weights * embeddings.value_norms[:, None, :]
    return Flow(weights, attended.allowed, weighted, rolled)


# One number per query: → [H, N], or [N] where it is the same for all heads
FLOW_METRICS: dict[str, Callable[[Flow], Array]] = {
    "rollout_entropy": rollout_entropy,
    "rollout_self": rollout_self,
    "norm_rank": norm_rank,
}
