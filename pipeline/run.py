"""The pipeline, in one straight line: embed → attention → metrics → plots. No disk, no terminal.

A newcomer reads this file first. Each stage receives plain values and arrays; the config is
opened here and nowhere behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from pipeline.attention import QK_NORMS, attend, check_residual, keeping, moves, project, turn
from pipeline.config import Config
from pipeline.embed import embed, key_sentences, read_lines, sentences
from pipeline.faults import Fault
from pipeline.keep import refuse_too_long, refuse_too_many
from pipeline.memory import available
from pipeline.metrics import (
    OF_ITSELF,
    OF_TRACES,
    Watch,
    check_measurable,
    gather,
    has_null,
    layers_of,
    mean,
    null_of,
    trace,
    watch,
)
from pipeline.plots import PLOTS, needed_metrics, stage_plot
from pipeline.reading import read
from pipeline.records import (
    Array,
    Attended,
    Drawing,
    Embedded,
    Measured,
    Moved,
    Outcome,
    Prepared,
    Result,
    Traced,
)

TRACED = 4  # matrices a layer keeps where it is traced: α and ‖α v‖, and both of even weights
NEARLY_IDENTITY = 0.95  # mean weight on itself from which a run says so


def run(config: Config, prepared: tuple[Prepared, ...] | None = None) -> Result:
    """All that the config asks for, computed; `prepared` is its input where that is known."""
    starts = prepared or prepare(config)
    outcomes = tuple(outcome for start in starts for outcome in stack(start, config))
    return Result(outcomes, scalars(outcomes, config), notices(outcomes, config))


def prepare(config: Config) -> tuple[Prepared, ...]:
    """Sentences → tokens → vectors → query, key, value.

    What can still be wrong with the input shows here, so a sweep prepares every run before its
    first one starts.
    """
    given, split = config.sentences, config.sentences.split_punctuation
    texts = given.text or read_lines(str(given.path))
    passages = sentences(given.name, texts, split)
    others = key_sentences(given.keys, len(passages), split) if given.keys else ()
    embedded = embed([*passages, *others], seed=config.seed, **config.embeddings.model_dump())
    pairs = zip_longest(embedded[: len(passages)], embedded[len(passages) :])
    prepared = tuple(ready(own, keyed, config) for own, keyed in pairs)
    if config.attention.keep == "full":
        each = TRACED if traces((*config.metrics, *unasked(config))) else 1
        refuse_too_many(prepared, available, config.layers.count * each)
    if config.stages:
        refuse_too_long(prepared)
    return prepared


def checked_by_prepare(config: Config) -> tuple[object, ...]:
    """What `prepare` looks at beside the input that it makes."""
    attention = config.attention
    return attention.keep, attention.rotation, config.stages, config.metrics, config.plots


def ready(embedded: Embedded, keyed: Embedded | None, config: Config, layer: int = 0) -> Prepared:
    """One sentence's vectors, and those of the keys' sentence, as query, key and value."""
    settings = config.projection.model_dump()
    keys = None if keyed is None else keyed.vectors
    projected = project(embedded.vectors, keys=keys, seed=config.seed, layer=layer, **settings)
    if config.layers.residual:
        check_residual(embedded.vectors, projected)
    turn(projected.query[:, :0], config.attention.rotation)  # its fraction must fit the key width
    return Prepared(embedded, projected, keyed)


def stack(start: Prepared, config: Config) -> Iterator[Outcome]:
    """One sentence, layer by layer: each attends over the contextual embeddings of the last."""
    outcome = look(start, config)
    yield outcome
    for layer in range(1, config.layers.count):
        embedded = replace(outcome.embedded, vectors=outcome.contextual)
        with named(f"layer {layer} of {embedded.sentence.name}"):
            found = look(ready(embedded, None, config, layer), config, outcome)
        outcome = replace(found, layer=layer)
        yield outcome


@contextmanager
def named(place: str) -> Iterator[None]:
    """Says of a fault where it was."""
    try:
        yield
    except Fault as fault:
        raise Fault(*(f"{line} (in {place})" for line in fault.lines)) from fault


def look(prepared: Prepared, config: Config, below: Outcome | None = None) -> Outcome:
    """One sentence in one layer: attend → measure; and evenly, which gives every metric's null."""
    check_measurable(prepared.projected.value, "embeddings")
    settings = config.attention
    names = (*config.metrics, *unasked(config))
    stages: dict[str, Array] = {}
    watching = watch(
        names,
        prepared.shape,
        prepared.numbers,
        pooling=config.figures.pooling if "heatmap" in config.plots else None,
        top=settings.keep_k if settings.keep == "top_k" else None,
    )
    attended, moved = mixed(
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
        keep_weights=settings.keep == "full",
        capture=keeping(config.stages, stages),
    )
    under, even_under = (below.measured, below.null) if below is not None else (None, None)
    return Outcome(
        prepared.embedded,
        prepared.projected,
        attended,
        moved,
        gather(watching, moved, names, follow(names, attended, moved, under)),
        prepared.keyed,
        stages=stages,
        null=null(prepared, config, names, even_under),
    )


def null(
    prepared: Prepared, config: Config, names: Sequence[str], below: Measured | None
) -> Measured:
    """The metrics of even weights under the same mask: the mechanism at scale 0.

    Worked out once for all the runs that follow one another with the same input.
    """
    mark = json.dumps([names, config.attention.mask, config.layers.residual])
    if mark not in prepared.nulls:
        evenly = watch(names, prepared.shape, prepared.numbers, pooling=None)
        even = mixed(prepared, config, evenly, scale=0.0, keep_weights=traces(names))
        traced = follow(names, *even, below)
        prepared.nulls[mark] = gather(evenly, even[1], names, traced)
    return prepared.nulls[mark]


def mixed(
    prepared: Prepared, config: Config, watching: Watch, **mechanism: Any
) -> tuple[Attended, Moved]:
    """Attention by that mechanism under the config's mask, and where it takes the embeddings."""
    settings, projected = config.attention, prepared.projected
    query, key = (
        turn(QK_NORMS[settings.qk_norm](vectors, settings.qk_norm_gain), settings.rotation)
        for vectors in (projected.query, projected.key)
    )
    attended = attend(query, key, projected.value, mask=settings.mask, see=watching, **mechanism)
    moved = moves(
        prepared.embedded.vectors,
        projected,
        attended.output,
        is_cross=prepared.keyed is not None,
        is_residual=config.layers.residual,
    )
    return attended, moved


def traces(names: Sequence[str]) -> bool:
    """Whether any of the metrics follows the weights through the layers."""
    return any(name in OF_TRACES for name in names)


def follow(
    names: Sequence[str], attended: Attended, moved: Moved, below: Measured | None
) -> Traced | None:
    """What those metrics read, on top of what was traced in the layer below."""
    if not traces(names):
        return None
    return trace(attended, moved, None if below is None else below.traced)


def unasked(config: Config) -> tuple[str, ...]:
    """Metrics that figures and notices need, asked for or not."""
    leak = ("leaked_mass",) if config.attention.order == "mask_then_cap" else ()
    return (*needed_metrics(config.plots), *leak)


def scalars(outcomes: tuple[Outcome, ...], config: Config) -> dict[str, float]:
    """Each metric over the whole run, the mean over its sentences and layers, and then its null.

    What speaks of the embeddings before and after speaks of the first layer and of the last.
    """
    left_out = set(unasked(config)) - set(config.metrics)
    names = [name for name in outcomes[0].measured.scalars if name not in left_out]

    def over(name: str, measured: Sequence[Measured | None]) -> float:
        layers = layers_of(name, config.layers.count)
        pairs = zip(outcomes, measured, strict=True)
        return mean([found.scalars[name] for o, found in pairs if found and o.layer in layers])

    own, even = [o.measured for o in outcomes], [o.null for o in outcomes]
    return {
        **{name: over(name, own) for name in names},
        **{null_of(name): over(name, even) for name in names if has_null(name)},
    }


def notices(outcomes: tuple[Outcome, ...], config: Config) -> tuple[str, ...]:
    """What the reader must know of these numbers before believing a figure."""
    found = []
    undefined = [name for name in config.metrics if name in OF_ITSELF]
    if config.sentences.keys and undefined:
        found.append(
            f"cross-attention: a query has no key of its own, so {', '.join(undefined)} "
            f"{'is' if len(undefined) == 1 else 'are'} undefined"
        )
    for outcome in outcomes:
        seen = outcome.measured.seen
        silent = int((seen.counts == 0).sum())
        if silent:
            found.append(
                f"{place(outcome, config)}: {silent} of {seen.counts.size} queries "
                "have every key masked (zero weights, zero output, left out of the metrics)"
            )
        if config.attention.order == "mask_then_cap":
            leaked = outcome.measured.scalars["leaked_mass"]
            found.append(
                f"{place(outcome, config)}: the mask comes before the soft-cap (attention.order="
                f"mask_then_cap), which turns −∞ into −{config.attention.softcap:g}, so masked "
                f"keys get {leaked:.2g} of a query's weight; cap_then_mask leaks nothing"
            )
        if outcome.moved.is_cross:
            continue
        on_itself = seen.itself[seen.counts > 1]
        itself = float(on_itself.mean()) if on_itself.size else 0.0  # no query has a choice
        if itself >= NEARLY_IDENTITY:
            found.append(
                f"{place(outcome, config)}: the weights are nearly the identity (mean "
                f"weight on itself {itself:.3f}), so the tokens hardly move; equal queries and "
                "keys do this (try projection=random), and so does a missing 1/√d_k"
            )
    return tuple(found)


def place(outcome: Outcome, config: Config) -> str:
    """The sentence, and the layer where there are several."""
    name = outcome.embedded.sentence.name
    return f"{name}, layer {outcome.layer}" if config.layers.count > 1 else name


def caption(config: Config) -> str:
    """The settings of the mechanism, as figures and readings quote them: those that are on."""
    attention = config.attention
    scale = attention.scale if isinstance(attention.scale, str) else f"{attention.scale:g}"
    words = [f"scale {scale}", f"T = {attention.temperature:g}"]
    usual = {"normalizer": "softmax", "softcap": None, "order": "cap_then_mask"}
    for name in ("qk_norm", "rotation", "softcap", "bias", "mask", "normalizer", "order"):
        value = getattr(attention, name)
        if value != usual.get(name, "none"):
            words.append(f"{name} {spoken(value)}")
    if config.layers.count > 1:
        words.append(f"{config.layers.count} layers")
    if config.layers.residual:
        words.append("residual")
    return ", ".join(words)


def spoken(spec: object) -> str:
    """A variant as it is written, without quotes and braces around it.

    >>> spoken({"window": {"left": 2}}), spoken(["causal", "alibi"])
    ('window left=2', 'causal + alibi')
    """
    if isinstance(spec, list | tuple):
        return " + ".join(map(spoken, spec))
    if isinstance(spec, dict):
        parts = [
            f"{k}={v}" if not isinstance(v, dict) else f"{k} {spoken(v)}" for k, v in spec.items()
        ]
        return " ".join(part.strip() for part in parts)
    return str(spec)


def draw(result: Result, config: Config) -> Iterator[tuple[str, Drawing]]:
    """Every figure the config asks for, one at a time, with the name it is saved under."""
    for outcome in result.outcomes:
        name, words = outcome.embedded.sentence.name, caption(config)
        if config.layers.count > 1:
            name, words = f"{name}_layer-{outcome.layer}", f"{words}, at layer {outcome.layer}"
        for plot in config.plots:
            yield f"{plot}_{name}", PLOTS[plot](outcome, words)
        for stage in config.stages if config.plots else ():
            yield f"stage_{stage}_{name}", stage_plot(outcome, stage, words)


def reading(result: Result, config: Config) -> str:
    """The run in words, in the config's language."""
    return read(result, caption(config), config.language)
