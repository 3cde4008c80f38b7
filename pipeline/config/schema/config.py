"""One run, whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Field, model_validator

from pipeline.attention import STAGES, as_normalizer
from pipeline.config.affects import NOT_OF_A_RUN, sections_with
from pipeline.config.schema.attention import Attention
from pipeline.config.schema.embeddings import Gaussian, Glove, Handmade, OneHot
from pipeline.config.schema.figures import DEFAULT_PLOTS, PAPER, PAPER_SETTINGS, Figures
from pipeline.config.schema.layers import Layers
from pipeline.config.schema.projection import Identity, Random
from pipeline.config.schema.section import Section, Words
from pipeline.config.schema.sentences import Sentences
from pipeline.config.schema.study import Study
from pipeline.config.schema.sweep import Repeats, SweepSettings, Where
from pipeline.config.validators import integer, non_empty, one_of, some_of
from pipeline.metrics import FLOW_METRICS, METRICS
from pipeline.plots import PLOTS, needed_metrics
from pipeline.prose.reading import LANGUAGES


class Config(Section):
    """One run, whole."""

    name: Annotated[str, non_empty("a name")] = Field(description="what the run's folder is called")
    sentences: Sentences = Field(description="what is attended to")
    embeddings: Annotated[Handmade | OneHot | Gaussian | Glove, Discriminator("kind")] = Field(
        description="what a token's vector is"
    )
    projection: Annotated[Identity | Random, Discriminator("kind")] = Field(
        description="embeddings to query, key and value"
    )
    attention: Attention = Field(description="the mechanism")
    layers: Layers = Field(description="how often it is applied")
    stages: Annotated[Words, some_of(STAGES)] = Field(
        description="stages of the chain that are saved and drawn"
    )
    metrics: Annotated[Words, some_of(METRICS)] = Field(description="what is measured")
    plots: Annotated[Words, some_of(PLOTS)] = Field(description="what is drawn")
    figures: Figures = Field(description="how figures are saved")
    language: Annotated[str, one_of(LANGUAGES)] = Field(description="of reading.md")
    seed: Annotated[int, integer(0)] = Field(description="the master seed")
    outputs: Annotated[str, non_empty("a folder")] = Field(description="where run folders go")
    sweep: SweepSettings = Field(description="how sweeps are carried out")
    repeats: Repeats
    where: Where
    study: Study | None = Field(description="the experiment this run belongs to")

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
    def stages_that_there_are(self) -> Config:
        attention = self.attention
        if self.stages and attention.retain != "full":
            kept = f"attention.retain={attention.retain}, expected attention.retain=full"
            raise ValueError(f"stages: got {list(self.stages)} with {kept}, or stages=[]")
        if self.stages and as_normalizer(attention.normalizer).features is not None:
            kernel = "a kernel (linear, favor), which has no logits"
            raise ValueError(f"stages: got {list(self.stages)} with {kernel}; expected stages=[]")
        there = {"capped": attention.softcap is not None, "biased": attention.bias != "none"}
        for stage in self.stages:
            if not there.get(stage, True):
                known = ", ".join(s for s in STAGES if there.get(s, True))
                raise ValueError(f"stages: got {stage!r}, expected those of this chain: {known}")
        return self

    @model_validator(mode="after")
    def traces_of_all_weights(self) -> Config:
        drawn = [p for p in self.plots if set(needed_metrics([p])) & set(FLOW_METRICS)]
        asked = [*(m for m in self.metrics if m in FLOW_METRICS), *drawn]
        if self.attention.retain != "full" and asked:
            raise ValueError(
                f"attention.retain: got {self.attention.retain!r} with {', '.join(asked)}, read off "
                "all weights at once; expected full, or metrics and plots without them"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def for_paper(cls, given: Any) -> Any:
        """plots=paper is short for the usual plots as vector files in column widths."""
        if not isinstance(given, Mapping) or given.get("plots") != PAPER:
            return given
        figures = {**given.get("figures", {}), **PAPER_SETTINGS}
        return {**given, "plots": list(DEFAULT_PLOTS), "figures": figures}

    def settings(self) -> dict[str, Any]:
        """What makes the run what it is, as plain values."""
        return self.model_dump(mode="json", exclude=set(sections_with(*NOT_OF_A_RUN)))


# The sections whose settings depend on their kind.
KINDS_OF: dict[str, dict[str, type[Section]]] = {
    "embeddings": {"handmade": Handmade, "one_hot": OneHot, "gaussian": Gaussian, "glove": Glove},
    "projection": {"identity": Identity, "random": Random},
}


class SweepRequest(Section):
    """What of a configuration must be known before the runs of a sweep can be composed."""

    repeats: Repeats
    where: Where
    study: Study | None = Field(description="the experiment")
