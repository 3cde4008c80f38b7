"""Prepare: sentences → tokens → vectors → query, key, value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pipeline.attention import QK_NORMS, rotate
from pipeline.base.by_index import expand_by_head
from pipeline.base.records import Array, Embedded, LayerInput, Projected
from pipeline.embed import embed, key_sentences, read_lines, split_sentences
from pipeline.metrics import FLOW_METRICS
from pipeline.model import check_residual, project
from pipeline.plots import needed_metrics
from pipeline.runs.memory import available, check_memory, check_stages

# Per layer where weights are traced: α and ‖α v‖, and both of uniform weights.
FLOW_MATRICES = 4

if TYPE_CHECKING:
    from pipeline.config.schema.config import Config


def prepare(config: Config) -> tuple[LayerInput, ...]:
    """Sentences → tokens → vectors → query, key, value.

    Raises whatever is still wrong with the input, so a sweep prepares the input of every run before
    the first one starts.
    """
    settings, split = config.sentences, config.sentences.split_punctuation
    texts = settings.text or read_lines(str(settings.path))
    passages = split_sentences(settings.name, texts, split)
    others = key_sentences(settings.keys, len(passages), split) if settings.keys else ()
    embedded = embed([*passages, *others], seed=config.seed, **config.embeddings.model_dump())
    pairs = zip_longest(embedded[: len(passages)], embedded[len(passages) :])
    prepared = tuple(prepare_sentence(query, key, config) for query, key in pairs)
    if config.attention.retain == "full":
        matrices = FLOW_MATRICES if needs_flow((*config.metrics, *required_metrics(config))) else 1
        check_memory(prepared, available, config.layers.count * matrices)
    if config.stages:
        check_stages(prepared)
    return prepared


def preparation_key(config: Config) -> tuple[object, ...]:
    """The settings that `prepare` checks, besides those of the input."""
    attention = config.attention
    return attention.retain, attention.rotation, config.stages, config.metrics, config.plots


def prepare_sentence(
    embedded: Embedded, key_embedded: Embedded | None, config: Config, layer: int = 0
) -> LayerInput:
    """One sentence as query, key and value; keys and values of another in cross-attention."""
    projection = config.projection.model_dump()
    keys = None if key_embedded is None else key_embedded.vectors
    projected = project(embedded.vectors, keys=keys, seed=config.seed, layer=layer, **projection)
    if config.layers.residual:
        check_residual(embedded.vectors, projected)
    settings = config.attention.at(layer)
    rotate(projected.query[:, :0], settings.rotation)  # its fraction must fit the key width
    expand_by_head(settings.temperature, len(projected.query), "attention.temperature")
    return LayerInput(embedded, projected, key_embedded)


def norm_and_rotate(projected: Projected, settings: Any) -> tuple[Array, Array]:
    """Query and key as the scores take them: after the QK norm and the rotation by position."""
    norm = QK_NORMS[settings.qk_norm]
    query, key = (
        rotate(norm(vectors, settings.qk_norm_gain), settings.rotation)
        for vectors in (projected.query, projected.key)
    )
    return query, key


def needs_flow(names: Sequence[str]) -> bool:
    """Whether any of the metrics follows the weights through the layers."""
    return any(name in FLOW_METRICS for name in names)


def required_metrics(config: Config) -> tuple[str, ...]:
    """Metrics that figures and notices need, requested or not."""
    leaks = any(layer.order == "mask_then_cap" for layer in config.attention_by_layer())
    leak = ("leaked_mass",) if leaks else ()
    return (*needed_metrics(config.plots), *leak)
