"""Prepare: sentences → tokens → vectors → query, key, value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from pipeline.attention import rotate
from pipeline.base.records import Embedded, LayerInput
from pipeline.embed import embed, key_sentences, read_lines, split_sentences
from pipeline.metrics import FLOW_METRICS
from pipeline.model import check_residual, project
from pipeline.plots import needed_metrics
from pipeline.runs.memory import available, check_memory, check_stages

FLOW_MATRICES = (
    4  # matrices a layer keeps where it is traced: α and ‖α v‖, and both of even weights
)

if TYPE_CHECKING:
    from pipeline.config.schema.config import Config


def prepare(config: Config) -> tuple[LayerInput, ...]:
    """Sentences → tokens → vectors → query, key, value.

    What can still be wrong with the input shows here, so a sweep prepares every run before its
    first one starts.
    """
    given, split = config.sentences, config.sentences.split_punctuation
    texts = given.text or read_lines(str(given.path))
    passages = split_sentences(given.name, texts, split)
    others = key_sentences(given.keys, len(passages), split) if given.keys else ()
    embedded = embed([*passages, *others], seed=config.seed, **config.embeddings.model_dump())
    pairs = zip_longest(embedded[: len(passages)], embedded[len(passages) :])
    prepared = tuple(prepare_sentence(own, keyed, config) for own, keyed in pairs)
    if config.attention.retain == "full":
        each = FLOW_MATRICES if needs_flow((*config.metrics, *required_metrics(config))) else 1
        check_memory(prepared, available, config.layers.count * each)
    if config.stages:
        check_stages(prepared)
    return prepared


def preparation_key(config: Config) -> tuple[object, ...]:
    """What `prepare` looks at beside the input that it makes."""
    attention = config.attention
    return attention.retain, attention.rotation, config.stages, config.metrics, config.plots


def prepare_sentence(
    embedded: Embedded, keyed: Embedded | None, config: Config, layer: int = 0
) -> LayerInput:
    """One sentence's vectors, and those of the keys' sentence, as query, key and value."""
    settings = config.projection.model_dump()
    keys = None if keyed is None else keyed.vectors
    projected = project(embedded.vectors, keys=keys, seed=config.seed, layer=layer, **settings)
    if config.layers.residual:
        check_residual(embedded.vectors, projected)
    rotate(projected.query[:, :0], config.attention.rotation)  # its fraction must fit the key width
    return LayerInput(embedded, projected, keyed)


def needs_flow(names: Sequence[str]) -> bool:
    """Whether any of the metrics follows the weights through the layers."""
    return any(name in FLOW_METRICS for name in names)


def required_metrics(config: Config) -> tuple[str, ...]:
    """Metrics that figures and notices need, asked for or not."""
    leak = ("leaked_mass",) if config.attention.order == "mask_then_cap" else ()
    return (*needed_metrics(config.plots), *leak)
