"""One run, whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import Field, model_validator

from pipeline.attention import NEEDS_BOTH, STAGES, as_normalizer
from pipeline.base.by_index import check_indices
from pipeline.config.affects import NOT_OF_A_RUN, sections_with
from pipeline.config.schema.attention import Attention
from pipeline.config.schema.embeddings import AnyEmbeddings
from pipeline.config.schema.figures import DEFAULT_PLOTS, PAPER, PAPER_SETTINGS, Figures
from pipeline.config.schema.layers import Layers
from pipeline.config.schema.projection import AnyProjection
from pipeline.config.schema.section import Section, Words
from pipeline.config.schema.sentences import Sentences
from pipeline.config.schema.study import Study
from pipeline.config.schema.sweep import Repeats, SweepSettings, Where
from pipeline.config.validators import integer, non_empty, one_of, some_of
from pipeline.metrics import FLOW_METRICS, METRICS
from pipeline.plots import PLOTS, needed_metrics
from pipeline.prose import LANGUAGES


class Config(Section):
    """One run, whole."""

    name: Annotated[str, non_empty("a name")] = Field(
        description="the name of the run's or sweep's folder"
    )
    sentences: Sentences = Field(description="the sentences that attention is computed for")
    embeddings: AnyEmbeddings = Field(discriminator="kind", description="the vector of each token")
    projection: AnyProjection = Field(
        discriminator="kind", description="how query, key and value are made from the embeddings"
    )
    attention: Attention = Field(description="the attention mechanism")
    layers: Layers = Field(description="how many times attention is applied")
    stages: Annotated[Words, some_of(STAGES)] = Field(
        description="the stages of the mechanism whose logits are saved and drawn"
    )
    metrics: Annotated[Words, some_of(METRICS)] = Field(description="the metrics that are computed")
    plots: Annotated[Words, some_of(PLOTS)] = Field(
        description="the figures that are drawn; [] for none. paper, as a word, is heatmap, "
        "displacement and entropy as svg and pdf files for print"
    )
    figures: Figures = Field(description="how figures are drawn and saved")
    language: Annotated[str, one_of(LANGUAGES)] = Field(
        description=f"the language of reading.md: {' or '.join(LANGUAGES)}"
    )
    seed: Annotated[int, integer(0)] = Field(description="the seed of every random choice")
    outputs: Annotated[str, non_empty("a folder")] = Field(
        description="the folder that run folders are written to, relative to the repository"
    )
    sweep: SweepSettings = Field(
        description="how a sweep is carried out; the numbers do not depend on it"
    )
    repeats: Repeats
    where: Where
    study: Study | None = Field(
        description="the experiment that this run belongs to; null for none"
    )

    @model_validator(mode="after")
    def layers_of_itself(self) -> Config:
        if self.sentences.keys and (self.layers.count > 1 or self.layers.residual):
            residual = str(self.layers.residual).lower()
            raise ValueError(
                f"layers: got count {self.layers.count} and residual {residual} with "
                "sentences.keys; expected count 1 and residual false in cross-attention, whose "
                "outputs are no keys for another layer"
            )
        return self

    @model_validator(mode="after")
    def settings_of_each_layer(self) -> Config:
        for name in self.attention.layered:
            check_indices(getattr(self.attention, name), self.layers.count, f"attention.{name}")
        for attention in self.attention_by_layer():
            if attention.order == "mask_then_cap" and not attention.hides_keys:
                raise ValueError(NEEDS_BOTH)
        return self

    @model_validator(mode="after")
    def stages_that_there_are(self) -> Config:
        attention = self.attention
        if self.stages and attention.retain != "full":
            kept = f"attention.retain={attention.retain}, expected attention.retain=full"
            raise ValueError(f"stages: got {list(self.stages)} with {kept}, or stages=[]")
        layers = self.attention_by_layer()
        if self.stages and any(as_normalizer(a.normalizer).features is not None for a in layers):
            kernel = "a kernel (linear, favor), which has no logits"
            raise ValueError(f"stages: got {list(self.stages)} with {kernel}; expected stages=[]")
        there = {
            "capped": all(a.softcap is not None for a in layers),
            "biased": all(a.bias != "none" for a in layers),
        }
        for stage in self.stages:
            if not there.get(stage, True):
                known = ", ".join(s for s in STAGES if there.get(s, True))
                raise ValueError(f"stages: got {stage!r}, expected those of this chain: {known}")
        return self

    @model_validator(mode="after")
    def traces_of_all_weights(self) -> Config:
        drawn = [p for p in self.plots if set(needed_metrics([p])) & set(FLOW_METRICS)]
        traced = [*(m for m in self.metrics if m in FLOW_METRICS), *drawn]
        if self.attention.retain != "full" and traced:
            raise ValueError(
                f"attention.retain: got {self.attention.retain!r} with {', '.join(traced)}, read "
                "off all weights at once; expected full, or metrics and plots without them"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def for_paper(cls, settings: Any) -> Any:
        """plots=paper is short for the usual plots as vector files in column widths."""
        if not isinstance(settings, Mapping) or settings.get("plots") != PAPER:
            return settings
        figures = {**settings.get("figures", {}), **PAPER_SETTINGS}
        return {**settings, "plots": list(DEFAULT_PLOTS), "figures": figures}

    def attention_by_layer(self) -> list[Any]:
        """The mechanism's settings, layer by layer."""
        return [self.attention.at(layer) for layer in range(self.layers.count)]

    def settings(self) -> dict[str, Any]:
        """What makes the run what it is, as plain values."""
        return self.model_dump(mode="json", exclude=set(sections_with(*NOT_OF_A_RUN)))


# section → kind → its settings, of the sections whose settings depend on their kind.
KINDS_OF: dict[str, dict[str, type[Section]]] = {
    name: {
        get_args(kind.model_fields["kind"].annotation)[0]: kind
        for kind in get_args(field.annotation)
    }
    for name, field in Config.model_fields.items()
    if field.discriminator
}


class SweepRequest(Section):
    """What of a configuration must be known before the runs of a sweep can be composed."""

    repeats: Repeats
    where: Where
    study: Study | None = Field(description="the experiment")
