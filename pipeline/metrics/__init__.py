"""Weights and embeddings → numbers. A metric is one function and one entry in the registry.

ROW_METRICS read rows of weights, EMBEDDING_METRICS each token's vector before and after attention,
FLOW_METRICS what each key contributes through the layers, HEAD_METRICS what a head's weights add
up to, SET_METRICS all embeddings of a sentence together.
"""

from pipeline.metrics.collect import collect_metrics, mean_defined, measure, observe
from pipeline.metrics.flow.flow import FLOW_METRICS, trace_flow
from pipeline.metrics.limits import check_measurable
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
    HEAD_METRICS,
    METRICS,
    ROW_METRICS,
    SELF_ATTENTION_ONLY,
    SET_METRICS,
)
from pipeline.metrics.streaming.observer import WeightObserver
from pipeline.metrics.streaming.per_row import RowStream
from pipeline.metrics.streaming.pool import POOLINGS

__all__ = [
    "EMBEDDING_METRICS",
    "FLOW_METRICS",
    "HEAD_METRICS",
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
