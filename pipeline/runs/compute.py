"""Compute: attention and metrics of every sentence, layer by layer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.attention import attend, build_mask, recorder
from pipeline.base.by_index import expand_by_head
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
    observe,
    trace_flow,
)
from pipeline.model import embeddings_after
from pipeline.plots import needs_pooled_weights
from pipeline.runs.prepare import (
    needs_flow,
    norm_and_rotate,
    prepare_sentence,
    required_metrics,
)

if TYPE_CHECKING:
    from pipeline.config.schema.config import Config


TEMPERATURE = "attention.temperature"


def run_layers(start: LayerInput, config: Config) -> Iterator[LayerResult]:
    """One sentence, layer by layer: each attends over the contextual embeddings of the last."""
    result = run_layer(start, config)
    yield result
    for layer in range(1, config.layers.count):
        embedded = replace(result.embedded, vectors=result.after)
        with located_errors(f"layer {layer} of {embedded.sentence.name}"):
            result = run_layer(prepare_sentence(embedded, None, config, layer), config, result)
        yield result


@contextmanager
def located_errors(place: str) -> Iterator[None]:
    """Adds the place to the lines of a `UserError`."""
    try:
        yield
    except UserError as error:
        raise UserError(*(f"{line} (in {place})" for line in error.lines)) from error


def run_layer(
    prepared: LayerInput, config: Config, below: LayerResult | None = None
) -> LayerResult:
    """One sentence in one layer, on top of the one `below`: attend, then measure.

    And the same under uniform attention, which gives each metric a value to hold it against.
    """
    check_measurable(prepared.projected.value, "embeddings")
    layer = 0 if below is None else below.layer + 1
    settings, is_residual = config.attention.at(layer), config.layers.residual
    names = (*config.metrics, *required_metrics(config))
    stages: dict[str, Array] = {}
    observer = observe(
        names,
        prepared.shape,
        prepared.token_ids,
        pooling=config.figures.pooling if needs_pooled_weights(config.plots) else None,
        top=settings.retain_k if settings.retain == "top_k" else None,
    )
    attended, embeddings = apply_attention(
        prepared,
        settings,
        is_residual,
        observer,
        scale=settings.scale,
        temperature=expand_by_head(settings.temperature, prepared.shape[0], TEMPERATURE),
        log_n_factor=settings.log_n_factor,
        softcap=settings.softcap,
        bias=settings.bias,
        normalizer=settings.normalizer,
        order=settings.order,
        keep_weights=settings.retain == "full",
        on_stage=recorder(config.stages, stages),
    )
    metrics_below, uniform_below = (below.metrics, below.uniform) if below else (None, None)
    flow = follow_flow(names, attended, embeddings, metrics_below)
    return LayerResult(
        prepared.embedded,
        prepared.projected,
        attended,
        embeddings,
        collect_metrics(observer, embeddings, names, flow),
        prepared.key_embedded,
        layer=layer,
        stages=stages,
        uniform=uniform_metrics(prepared, settings, is_residual, names, uniform_below),
    )


def uniform_metrics(
    prepared: LayerInput,
    settings: Any,
    is_residual: bool,
    names: Sequence[str],
    below: Metrics | None,
) -> Metrics:
    """The metrics of uniform weights under the same mask: the mechanism at scale 0.

    Computed once for all the runs that follow one another with the same input.
    """
    read_by_mask = (settings.qk_norm, settings.qk_norm_gain, settings.rotation)
    reads_content = build_mask(settings.mask).from_content is not None
    cache_key = json.dumps([names, settings.mask, is_residual, reads_content and read_by_mask])
    if cache_key not in prepared.uniform_cache:
        observer = observe(names, prepared.shape, prepared.token_ids, pooling=None)
        attended, embeddings = apply_attention(
            prepared, settings, is_residual, observer, scale=0.0, keep_weights=needs_flow(names)
        )
        flow = follow_flow(names, attended, embeddings, below)
        prepared.uniform_cache[cache_key] = collect_metrics(observer, embeddings, names, flow)
    return prepared.uniform_cache[cache_key]


def apply_attention(
    prepared: LayerInput,
    settings: Any,
    is_residual: bool,
    observer: WeightObserver,
    **mechanism: Any,
) -> tuple[Attended, Embeddings]:
    """Attention by that mechanism under the layer's mask, and where it takes the embeddings."""
    projected = prepared.projected
    query, key = norm_and_rotate(projected, settings)
    attended = attend(
        query,
        key,
        projected.value,
        mask=settings.mask,
        tokens=prepared.token_ids,
        observer=observer,
        **mechanism,
    )
    embeddings = embeddings_after(
        prepared.embedded.vectors,
        projected,
        attended.output,
        is_cross=prepared.key_embedded is not None,
        is_residual=is_residual,
    )
    return attended, embeddings


def follow_flow(
    names: Sequence[str], attended: Attended, embeddings: Embeddings, below: Metrics | None
) -> Flow | None:
    """The flow of weights through the layers, on top of the layer below; None if not asked for."""
    if not needs_flow(names):
        return None
    return trace_flow(attended, embeddings, None if below is None else below.flow)
