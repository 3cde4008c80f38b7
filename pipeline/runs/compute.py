"""Compute: attention and metrics of every sentence, layer by layer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.attention import QK_NORMS, attend, recorder, rotate
from pipeline.base.errors import UserError
from pipeline.base.records import (
    Array,
    Attended,
    Embeddings,
    Flow,
    LayerInput,
    LayerResult,
    Metrics,
)
from pipeline.metrics import (
    WeightObserver,
    check_measurable,
    collect_metrics,
    has_uniform,
    layers_averaged,
    mean_defined,
    observe,
    trace_flow,
    uniform_name,
)
from pipeline.model import embeddings_after
from pipeline.runs.prepare import needs_flow, prepare_sentence, required_metrics

if TYPE_CHECKING:
    from pipeline.config.schema.config import Config


def run_layers(start: LayerInput, config: Config) -> Iterator[LayerResult]:
    """One sentence, layer by layer: each attends over the contextual embeddings of the last."""
    outcome = run_layer(start, config)
    yield outcome
    for layer in range(1, config.layers.count):
        embedded = replace(outcome.embedded, vectors=outcome.after)
        with located_errors(f"layer {layer} of {embedded.sentence.name}"):
            found = run_layer(prepare_sentence(embedded, None, config, layer), config, outcome)
        outcome = replace(found, layer=layer)
        yield outcome


@contextmanager
def located_errors(place: str) -> Iterator[None]:
    """Says of a fault where it was."""
    try:
        yield
    except UserError as fault:
        raise UserError(*(f"{line} (in {place})" for line in fault.lines)) from fault


def run_layer(
    prepared: LayerInput, config: Config, below: LayerResult | None = None
) -> LayerResult:
    """One sentence in one layer: attend → measure; and evenly, which gives every metric's null."""
    check_measurable(prepared.projected.value, "embeddings")
    settings = config.attention
    names = (*config.metrics, *required_metrics(config))
    stages: dict[str, Array] = {}
    watching = observe(
        names,
        prepared.shape,
        prepared.token_ids,
        pooling=config.figures.pooling if "heatmap" in config.plots else None,
        top=settings.retain_k if settings.retain == "top_k" else None,
    )
    attended, moved = apply_attention(
        prepared,
        config,
        watching,
        scale=settings.scale,
        temperature=settings.temperature,
        log_n_factor=settings.log_n_factor,
        softcap=settings.softcap,
        bias=settings.bias,
        normalizer=settings.normalizer,
        order=settings.order,
        keep_weights=settings.retain == "full",
        on_stage=recorder(config.stages, stages),
    )
    under, even_under = (below.metrics, below.uniform) if below is not None else (None, None)
    return LayerResult(
        prepared.embedded,
        prepared.projected,
        attended,
        moved,
        collect_metrics(watching, moved, names, follow_flow(names, attended, moved, under)),
        prepared.key_embedded,
        stages=stages,
        uniform=uniform_metrics(prepared, config, names, even_under),
    )


def uniform_metrics(
    prepared: LayerInput, config: Config, names: Sequence[str], below: Metrics | None
) -> Metrics:
    """The metrics of even weights under the same mask: the mechanism at scale 0.

    Worked out once for all the runs that follow one another with the same input.
    """
    mark = json.dumps([names, config.attention.mask, config.layers.residual])
    if mark not in prepared.uniform_cache:
        evenly = observe(names, prepared.shape, prepared.token_ids, pooling=None)
        even = apply_attention(prepared, config, evenly, scale=0.0, keep_weights=needs_flow(names))
        traced = follow_flow(names, *even, below)
        prepared.uniform_cache[mark] = collect_metrics(evenly, even[1], names, traced)
    return prepared.uniform_cache[mark]


def apply_attention(
    prepared: LayerInput, config: Config, watching: WeightObserver, **mechanism: Any
) -> tuple[Attended, Embeddings]:
    """Attention by that mechanism under the config's mask, and where it takes the embeddings."""
    settings, projected = config.attention, prepared.projected
    query, key = (
        rotate(QK_NORMS[settings.qk_norm](vectors, settings.qk_norm_gain), settings.rotation)
        for vectors in (projected.query, projected.key)
    )
    attended = attend(
        query, key, projected.value, mask=settings.mask, observer=watching, **mechanism
    )
    moved = embeddings_after(
        prepared.embedded.vectors,
        projected,
        attended.output,
        is_cross=prepared.key_embedded is not None,
        is_residual=config.layers.residual,
    )
    return attended, moved


def follow_flow(
    names: Sequence[str], attended: Attended, moved: Embeddings, below: Metrics | None
) -> Flow | None:
    """What those metrics read, on top of what was traced in the layer below."""
    if not needs_flow(names):
        return None
    return trace_flow(attended, moved, None if below is None else below.flow)


def run_scalars(outcomes: tuple[LayerResult, ...], config: Config) -> dict[str, float]:
    """Each metric over the whole run, the mean over its sentences and layers, and then its null.

    What speaks of the embeddings before and after speaks of the first layer and of the last.
    """
    left_out = set(required_metrics(config)) - set(config.metrics)
    names = [name for name in outcomes[0].metrics.scalars if name not in left_out]

    def over(name: str, measured: Sequence[Metrics | None]) -> float:
        layers = layers_averaged(name, config.layers.count)
        pairs = zip(outcomes, measured, strict=True)
        return mean_defined(
            [found.scalars[name] for o, found in pairs if found and o.layer in layers]
        )

    own, even = [o.metrics for o in outcomes], [o.uniform for o in outcomes]
    return {
        **{name: over(name, own) for name in names},
        **{uniform_name(name): over(name, even) for name in names if has_uniform(name)},
    }
