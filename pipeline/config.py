"""The one gate: what may be set, of which type and in which range. Defaults live in conf/.

A resolved configuration (plain dicts, lists and values) goes in; a frozen `Config` comes out, or
a `Fault` with one line for each thing that is wrong. Behind the gate nothing is checked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, ValidationError, model_validator

from pipeline.attention import (
    NEEDS_BOTH,
    ORDERS,
    OUTPUTS,
    QK_NORMS,
    SCALES,
    STAGES,
    add_up,
    as_normalizer,
    check_rotation,
    combine,
)
from pipeline.choose import listed
from pipeline.embed import POSITIONS, SOURCES, UNKNOWN
from pipeline.faults import Fault, shorten
from pipeline.fields import (
    filled,
    flag,
    grid_axes,
    one_of,
    optional,
    positive,
    scale_of,
    sentence_texts,
    some_of,
    times_or_seeds,
    variant,
    vector_table,
    whole,
    words,
)
from pipeline.keep import KEEPS
from pipeline.laws import LAWS
from pipeline.metrics import METRICS, OF_TRACES, POOLINGS, scalar_names
from pipeline.plots import FORMATS, PLOTS, STYLES, needed_metrics
from pipeline.reading import LANGUAGES

ENGINES = ("inline", "local", "dask")  # each a file of pipeline/sweep/engines
OF_RUNS = ("all", "metrics")
RESULTS = ("shared", "return")
# No part of what a run is: where, how and why it is made, and of which others it is one.
APART = ("outputs", "sweep", "repeats", "where", "study")

Spec = str | dict[str, Any] | list[Any]
Texts = tuple[str | tuple[str, ...], ...]
Words = tuple[str, ...]
PAPER, USUAL_PLOTS = "paper", ("heatmap", "displacement", "entropy")
FOR_PAPER: dict[str, Any] = {"style": PAPER, "formats": ["pdf", "svg"]}
Vectors = dict[str, tuple[float, ...]]


class Section(BaseModel):
    """A group of settings: nothing unknown comes in, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sentences(Section):
    """What is attended to: the config's own text, or a file's."""

    name: Annotated[str, filled("a name")] = Field(description="what files and tables call the set")
    text: Annotated[Texts | None, sentence_texts()] = Field(
        description="a text, a list of texts, or a list of lists of tokens; null with a path"
    )
    path: Annotated[str | None, optional(filled("the path of a UTF-8 text file"))] = Field(
        description="a UTF-8 text file, a sentence a line, in place of text"
    )
    keys: Annotated[Texts | None, sentence_texts()] = Field(
        description="what is attended to, one text for all or one a sentence; null for itself"
    )
    split_punctuation: Annotated[bool, flag()] = Field(
        description="whether punctuation marks become tokens of their own"
    )

    @model_validator(mode="after")
    def one_source(self) -> Sentences:
        if (self.text is None) == (self.path is None):
            given = "both" if self.text else "neither"
            raise ValueError(f"got {given}, expected either text or path (sentences.path=my.txt)")
        return self


class Embeddings(Section):
    """What every kind of embedding set has."""

    unknown: Annotated[str, one_of(UNKNOWN)] = Field(
        description="the rule for a token without a vector"
    )
    positions: Annotated[str, one_of(POSITIONS)] = Field(
        description="what is added to the vector at each place"
    )


class Handmade(Embeddings):
    """Vectors written in the YAML."""

    kind: Literal["handmade"] = Field(description="the kind of embedding set")
    table: Annotated[Vectors, vector_table()] = Field(
        description="tokens and their vectors, all of one width"
    )


class OneHot(Embeddings):
    """A word an axis."""

    kind: Literal["one_hot"] = Field(description="the kind of embedding set")
    vocabulary: Annotated[Words | None, words()] = Field(
        description="the known words; null for those of the sentences"
    )


class Gaussian(Embeddings):
    """Random vectors, seeded by the word."""

    kind: Literal["gaussian"] = Field(description="the kind of embedding set")
    width: Annotated[int, whole(1, 65536)] = Field(description="entries of a vector, D")
    vocabulary: Annotated[Words | None, words()] = Field(
        description="the known words; null for every word"
    )


class Glove(Embeddings):
    """Real word vectors."""

    kind: Literal["glove"] = Field(description="the kind of embedding set")
    source: Annotated[str, one_of(SOURCES)] = Field(
        description="fixture: 11,000 words shipped here; package: all 400,000, an extra"
    )


class Identity(Section):
    """Q = K = V = the embeddings."""

    kind: Literal["identity"] = Field(description="the kind of projection")


class Random(Section):
    """Independent random W_Q, W_K and W_V."""

    kind: Literal["random"] = Field(description="the kind of projection")
    heads: Annotated[int, whole(1, 4096)] = Field(description="count of heads, H")
    key_heads: Annotated[int | None, optional(whole(1, 4096))] = Field(
        description="heads of keys and values, a divisor of heads; null for as many"
    )
    key_width: Annotated[int | None, optional(whole(1, 65536))] = Field(
        description="d_k a head; null for the embedding width over the heads"
    )
    value_width: Annotated[int | None, optional(whole(1, 65536))] = Field(
        description="width of a value a head; null likewise"
    )
    output: Annotated[str, one_of(OUTPUTS)] = Field(
        description="W_O, which brings the heads back to the embeddings' width"
    )


class Attention(Section):
    """The mechanism's own settings."""

    scale: Annotated[str | float, scale_of(SCALES)] = Field(
        description="what multiplies QKᵀ: a name, on, off or a number"
    )
    temperature: Annotated[float, positive()] = Field(description="divides the scores, T > 0")
    log_n_factor: Annotated[float, positive()] = Field(description="the s of the scale log_n")
    qk_norm: Annotated[str, one_of(QK_NORMS)] = Field(description="queries and keys to one length")
    qk_norm_gain: Annotated[float, positive()] = Field(description="the length's factor g")
    rotation: Annotated[Spec, variant(check_rotation)] = Field(
        description="queries and keys turned by their position"
    )
    softcap: Annotated[float | None, optional(positive())] = Field(
        description="c of c·tanh(z/c) on the scores; null for none"
    )
    bias: Annotated[Spec, variant(lambda spec: add_up(spec, heads=1))] = Field(
        description="what is added to the scores"
    )
    mask: Annotated[Spec, variant(combine)] = Field(description="which keys a query may attend to")
    normalizer: Annotated[Spec, variant(as_normalizer)] = Field(description="logits to weights")
    order: Annotated[str, one_of(ORDERS)] = Field(description="which comes first, cap or mask")
    keep: Annotated[str, one_of(KEEPS)] = Field(description="which weights are kept and written")
    keep_k: Annotated[int, whole(1, 65536)] = Field(description="how many of a row top_k keeps")

    @model_validator(mode="after")
    def an_order_that_shows(self) -> Attention:
        nothing = self.softcap is None or combine(self.mask).is_everything
        if self.order == "mask_then_cap" and nothing:
            raise ValueError(NEEDS_BOTH)
        return self


class Layers(Section):
    """Attention applied again to what it gave."""

    count: Annotated[int, whole(1, 256)] = Field(description="count of layers, L")
    residual: Annotated[bool, flag()] = Field(
        description="whether each layer adds its output to its input, x + output"
    )


class Saving(Section):
    """How a figure is saved."""

    formats: Annotated[Words, some_of(FORMATS, least=1)] = Field(description="file formats")
    dpi: Annotated[int, whole(36, 1200)] = Field(description="pixels per inch of a png")
    style: Annotated[str, one_of(STYLES)] = Field(
        description="the width of vector files: as on the screen, or a journal's columns"
    )


class Figures(Saving):
    """How a run's figures are drawn and saved."""

    pooling: Annotated[str, one_of(POOLINGS)] = Field(
        description="what a heatmap's cell shows of the many weights of a long sentence"
    )


class Dask(Section):
    """Where the engine dask finds its workers."""

    address: Annotated[str | None, optional(filled("a scheduler's address"))] = Field(
        description="of a running scheduler; null starts workers on this machine"
    )


class Sweeping(Section):
    """How a sweep is carried out; nothing of it changes what a run computes."""

    engine: Annotated[str, one_of(ENGINES)] = Field(description="what carries the runs out")
    workers: Annotated[int | None, optional(whole(1, 4096))] = Field(
        description="processes at a time; null for all cores"
    )
    fail_fast: Annotated[bool, flag()] = Field(description="whether the first failure ends it")
    keep: Annotated[str, one_of(OF_RUNS)] = Field(
        description="all: a folder a run; metrics: a row a run and no folders"
    )
    results: Annotated[str, one_of(RESULTS)] = Field(
        description="shared: run folders are written by the workers; return: by who started them"
    )
    dask: Dask = Field(description="the engine dask")


class Law(Section):
    """Something that must hold of the runs of an experiment: one metric along one setting."""

    claim: Annotated[str, filled("the law in words")] = Field(description="the law in words")
    law: Annotated[str, one_of(LAWS)] = Field(description="what the metric does")
    metric: Annotated[str, one_of(scalar_names(METRICS))] = Field(description="which metric")
    setting: Annotated[str, filled("a setting of the grid")] = Field(description="along what")
    along: list[Any] | None = Field(
        default=None, description="the order of the setting's values; null for ascending"
    )
    within: float = Field(default=0.0, description="how far a flat metric may move")
    where: dict[str, Any] = Field(default={}, description="the runs it speaks of")


class Study(Section):
    """What an experiment asks, where it comes from, what it varies and what must hold."""

    question: Annotated[str, filled("the question the experiment answers")] = Field(
        description="what the experiment asks"
    )
    source: Annotated[str, filled("where the claim is published")] = Field(
        description="who claimed or measured it"
    )
    grid: Annotated[dict[str, Any], grid_axes()] = Field(
        description="settings and their values; keys joined by commas move together"
    )
    holds: list[Law] = Field(default=[], description="laws that must hold of the finished runs")

    @property
    def varied(self) -> list[str]:
        """The settings of the grid."""
        return [name.strip() for key in self.grid for name in key.split(",")]

    @model_validator(mode="after")
    def laws_of_the_grid(self) -> Study:
        varied = self.varied
        for law in self.holds:
            for name in (law.setting, *law.where):
                if name not in varied:
                    known = f"a setting of the grid: {listed(name, varied)}"
                    raise ValueError(f"holds: got {name!r}, expected {known}")
        return self


Repeats = Annotated[
    int | tuple[int, ...],
    times_or_seeds(),
    Field(description="how often a sweep runs each setting, over seeds seed, seed+1 …, or a list"),
]
Where = Annotated[
    str | None,
    optional(filled("a condition")),
    Field(description="what the runs of a sweep must meet"),
]


class Config(Section):
    """One run, whole."""

    name: Annotated[str, filled("a name")] = Field(description="what the run's folder is called")
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
    seed: Annotated[int, whole(0)] = Field(description="the master seed")
    outputs: Annotated[str, filled("a folder")] = Field(description="where run folders go")
    sweep: Sweeping = Field(description="how sweeps are carried out")
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
        if self.stages and attention.keep != "full":
            kept = f"attention.keep={attention.keep}, expected attention.keep=full"
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
        drawn = [p for p in self.plots if set(needed_metrics([p])) & set(OF_TRACES)]
        asked = [*(m for m in self.metrics if m in OF_TRACES), *drawn]
        if self.attention.keep != "full" and asked:
            raise ValueError(
                f"attention.keep: got {self.attention.keep!r} with {', '.join(asked)}, read off "
                "all weights at once; expected full, or metrics and plots without them"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def for_paper(cls, given: Any) -> Any:
        """plots=paper is short for the usual plots as vector files in column widths."""
        if not isinstance(given, Mapping) or given.get("plots") != PAPER:
            return given
        figures = {**given.get("figures", {}), **FOR_PAPER}
        return {**given, "plots": list(USUAL_PLOTS), "figures": figures}

    def settings(self) -> dict[str, Any]:
        """What makes the run what it is, as plain values: all but `APART`."""
        return self.model_dump(mode="json", exclude=set(APART))


# The sections whose settings depend on their kind.
KINDS_OF: dict[str, dict[str, type[Section]]] = {
    "embeddings": {"handmade": Handmade, "one_hot": OneHot, "gaussian": Gaussian, "glove": Glove},
    "projection": {"identity": Identity, "random": Random},
}


def validate(given: Mapping[str, Any]) -> Config:
    """The resolved configuration as a `Config`, or a `Fault` that lists all that is wrong."""
    try:
        return Config.model_validate(given)
    except ValidationError as error:
        raise Fault(*(line(dict(e), given) for e in error.errors())) from error


class Asked(Section):
    """What of a configuration must be known before the runs of a sweep can be composed."""

    repeats: Repeats
    where: Where
    study: Study | None = Field(description="the experiment")


def validate_asked(given: Mapping[str, Any]) -> Asked:
    """What a sweep is asked for, out of a configuration that need not be whole."""
    try:
        return Asked.model_validate({name: given.get(name) for name in Asked.model_fields})
    except ValidationError as error:
        raise Fault(*(line(dict(e), given) for e in error.errors())) from error


def line(error: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """One of pydantic's errors as one line: path, what came, what is allowed."""
    place = [str(part) for part in error["loc"]]
    if len(place) > 1 and place[0] in KINDS_OF and place[1] in KINDS_OF[place[0]]:
        del place[1]  # pydantic names the kind after its section
    path, came = ".".join(place), shorten(error["input"])
    kind = error["type"]
    if kind == "value_error":
        told = str(error["ctx"]["error"])
        return told if told.startswith(path) else f"{path}: {told}"
    if kind == "extra_forbidden":
        return f"{path}: no such setting; expected one of: {siblings(place, given)}"
    if kind == "missing":
        source = "experiments/ablation.yaml" if place[0] == "study" else "conf/config.yaml"
        return f"{path}: is missing; see {source} for how it is set"
    if kind.startswith("union_tag"):
        tag = error["input"].get("kind") if isinstance(error["input"], Mapping) else None
        return f"{path}.kind: got {shorten(tag)}, expected one of: {listed(tag, KINDS_OF[path])}"
    wanted = "a group of settings" if kind in ("model_type", "model_attributes_type") else ""
    return f"{path}: got {came}, expected {wanted or error['msg'].removeprefix('Input should be ')}"


def siblings(place: list[str], given: Mapping[str, Any]) -> str:
    """The settings that may stand where the last part of `place` does."""
    section: Any = Config
    for part in place[:-1]:
        if part in KINDS_OF:
            section = KINDS_OF[part][given[part]["kind"]]
        elif part == "study":
            section = Study
        elif part == "holds":
            section = Law
        elif part in section.model_fields:  # and no place in a list
            section = section.model_fields[part].annotation
    names = [*section.model_fields, *(["experiment"] if section is Config else [])]
    return listed(place[-1], names)
