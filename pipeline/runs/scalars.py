"""Scalars: each metric of a run as one number, beside its value under uniform attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.base.records import LayerResult, Metrics
from pipeline.metrics import has_uniform, layers_averaged, mean_defined, uniform_name
from pipeline.runs.prepare import required_metrics

if TYPE_CHECKING:
    from pipeline.config.schema.config import Config


def run_scalars(layers: tuple[LayerResult, ...], config: Config) -> dict[str, float]:
    """Each metric as its mean over sentences and layers, then its value under uniform attention.

    A metric of the embeddings before attention is that of the first layer, after it of the last.
    """
    left_out = set(required_metrics(config)) - set(config.metrics)
    names = [name for name in layers[0].metrics.scalars if name not in left_out]

    def mean_of(name: str, metrics: Sequence[Metrics | None]) -> float:
        counted = layers_averaged(name, config.layers.count)
        pairs = zip(layers, metrics, strict=True)
        return mean_defined([m.scalars[name] for o, m in pairs if m and o.layer in counted])

    actual, uniform = [o.metrics for o in layers], [o.uniform for o in layers]
    return {
        **{name: mean_of(name, actual) for name in names},
        **{uniform_name(name): mean_of(name, uniform) for name in names if has_uniform(name)},
    }
