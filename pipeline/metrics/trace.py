"""Trace: what came of each key, layer upon layer, and the metrics that read it."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.metrics.rollout import rollout, rollout_entropy, rollout_self
from pipeline.metrics.stream import check_measurable
from pipeline.metrics.weighted import norm_rank
from pipeline.records import Array, Attended, Moved, Traced


def trace(attended: Attended, moved: Moved, below: Traced | None = None) -> Traced:
    """What came of each key in a layer whose weights were kept, on top of the layers below it."""
    weights = attended.weights
    rolled = rollout(weights, None if below is None else below.rollout, moved.is_residual)
    check_measurable(rolled, "weights through the layers")
    return Traced(weights, attended.allowed, weights * moved.norms[:, None, :], rolled)


# → [H, N], or [N] where it is one for all heads
OF_TRACES: dict[str, Callable[[Traced], Array]] = {
    "rollout_entropy": rollout_entropy,
    "rollout_self": rollout_self,
    "norm_rank": norm_rank,
}
