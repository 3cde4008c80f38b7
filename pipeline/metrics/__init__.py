"""Attended → numbers: one file a family, and one entry here.

A metric reads one of four things: the rows of weights, each token's way from static to
contextual embedding, the whole set of embeddings before and after, or what came of each key for
each query, layer upon layer.
"""

from pipeline.metrics.collect import collect_metrics, mean_defined, measure, observe
from pipeline.metrics.flow.flow import FLOW_METRICS, trace_flow
from pipeline.metrics.names import (
    has_uniform,
    is_uniform_name,
    layers_averaged,
    run_scalar_names,
    scalar_names,
    uniform_name,
)
from pipeline.metrics.registry import (
    EMBEDDING_METRICS,
    METRICS,
    ROW_METRICS,
    SELF_ATTENTION_ONLY,
    SET_METRICS,
)
from pipeline.metrics.streaming.observer import WeightObserver
from pipeline.metrics.streaming.per_row import RowStream, check_measurable
from pipeline.metrics.streaming.pool import POOLINGS

__all__ = [
    "EMBEDDING_METRICS",
    "FLOW_METRICS",
    "METRICS",
    "POOLINGS",
    "ROW_METRICS",
    "SELF_ATTENTION_ONLY",
    "SET_METRICS",
    "RowStream",
    "WeightObserver",
    "check_measurable",
    "collect_metrics",
    "has_uniform",
    "is_uniform_name",
    "layers_averaged",
    "mean_defined",
    "measure",
    "observe",
    "run_scalar_names",
    "scalar_names",
    "trace_flow",
    "uniform_name",
]
