"""The pipeline in one straight line: embed → attention → metrics → plots. No disk, no terminal.

Read this file first. Each stage receives plain values and arrays; the config is opened here and in
`runs/`, and nowhere behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerInput, Result
from pipeline.plots import PLOTS, stage_plot
from pipeline.prose import caption, find_notices, write_reading
from pipeline.runs.compute import run_layers
from pipeline.runs.prepare import prepare
from pipeline.runs.scalars import run_scalars

if TYPE_CHECKING:
    from pipeline.config.schema.config import Config


def run(config: Config, inputs: tuple[LayerInput, ...] | None = None) -> Result:
    """Everything the config asks for, computed; `inputs` are its prepared sentences, if known."""
    inputs = inputs or prepare(config)  # sentences → vectors → query, key, value
    attended = (run_layers(sentence, config) for sentence in inputs)  # → weights, metrics
    layers = tuple(chain.from_iterable(attended))
    settings = [attention.model_dump() for attention in config.attention_by_layer()]
    notices = find_notices(layers, config.metrics, settings)
    return Result(layers, run_scalars(layers, config), notices)


def draw(result: Result, config: Config) -> Iterator[tuple[str, Drawing]]:
    """Every figure the config asks for, one at a time, with the name it is saved under."""
    for layer in result.layers:
        name, words = layer.embedded.sentence.name, describe(config, layer.layer)
        if config.layers.count > 1:
            name, words = f"{name}_layer-{layer.layer}", f"{words}, at layer {layer.layer}"
        for plot in config.plots:
            yield f"{plot}_{name}", PLOTS[plot].draw(layer, words)
        for stage in config.stages if config.plots else ():
            yield f"stage_{stage}_{name}", stage_plot(layer, stage, words)


def read(result: Result, config: Config) -> str:
    """The run in words, in the config's language."""
    return write_reading(result, describe(config), config.language)


def describe(config: Config, layer: int | None = None) -> str:
    """The settings of the mechanism in a line: of one layer, or of all."""
    attention = config.attention if layer is None else config.attention.at(layer)
    return caption(attention.model_dump(), config.layers.model_dump())
