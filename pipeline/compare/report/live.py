"""What the live panel computes from: q·k of each input, in the shortest form that reads back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import yaml

from pipeline.attention import QK_NORMS, attend, turn
from pipeline.compare.read import Run
from pipeline.compare.report.columns import Column
from pipeline.compare.report.findings import at
from pipeline.config import Config, validate
from pipeline.faults import Fault
from pipeline.identity import ROOT
from pipeline.records import Array, Mask, Projected
from pipeline.run import prepare

MOST_TOKENS = 64
MOST_NUMBERS = 120_000  # scores of all inputs together
# What the panel sets itself, and what changes no score.
SETTINGS = ("softcap", "log_n_factor", "scale", "temperature")
COMPUTED = ("scores", "mask", "bias", "softcap", "log_n_factor")  # what tells two inputs apart
FREE = ("attention.scale", "attention.temperature", "attention.keep", "metrics", "plots",
        "figures", "language", "name", "outputs", "study")  # fmt: skip


def inputs(
    runs: Sequence[Run], chosen: Sequence[int], columns: Sequence[Column]
) -> tuple[list[dict[str, Any]], str]:
    """Each distinct input of the chosen runs, and what was left out, in words."""
    made: dict[str, dict[str, Any]] = {}
    left: dict[str, None] = {}
    told = [c for c in columns if c.leads and not c.name.startswith((*FREE, "sentences"))]
    for place in sorted({mark_of(runs[place]): place for place in reversed(chosen)}.values()):
        try:
            for one in scored(config_of(runs[place])):
                used = sum(len(other["scores"]) for other in made.values())
                if used + len(one["scores"]) > MOST_NUMBERS:
                    raise Left(f"what goes beyond {MOST_NUMBERS:,} scores in all")
                one["label"] = " · ".join(filter(None, (one["sentence"], at(told, place))))
                made.setdefault(json.dumps([one[name] for name in COMPUTED]), one)
        except Left as why:
            left[str(why)] = None
    return list(made.values()), "; ".join(left)


class Left(Exception):
    """Why an input is not in the page."""


def mark_of(run: Run) -> str:
    """The same for two runs whose scores are the same."""
    kept = {name: v for name, v in run.settings.items() if not name.startswith(FREE)}
    return json.dumps(kept, sort_keys=True, default=str)


def config_of(run: Run) -> Config:
    """The config a run was made with, past the gate once more."""
    path = run.files / ".hydra" / "config.yaml"
    try:
        text = path.read_text(encoding="utf-8")
        settings = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        config = validate(filled(settings, usual()))
    except (OSError, yaml.YAMLError, Fault) as error:
        raise Left("runs whose settings this version does not know") from error
    if config.attention.normalizer != "softmax":
        raise Left("runs with a normalizer other than softmax")
    return config


def filled(settings: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """A run's settings, with the default of each that it is silent on: how it was carried out,
    and what came into the world after it was made.

    >>> filled({"a": {"b": 1}, "seed": 7}, {"a": {"b": 0, "c": 0}, "study": None})
    {'a': {'b': 1, 'c': 0}, 'seed': 7, 'study': None}
    """
    both = {
        name: {**usual.get(name, {}), **value} if isinstance(value, Mapping) else value
        for name, value in settings.items()
    }
    return {**both, **{name: value for name, value in usual.items() if name not in both}}


@cache
def usual() -> Mapping[str, Any]:
    """The defaults of conf/config.yaml."""
    text = (ROOT / "conf" / "config.yaml").read_text(encoding="utf-8")
    return {name: value for name, value in yaml.safe_load(text).items() if name != "defaults"}


def scored(config: Config) -> Iterator[dict[str, Any]]:
    """Per sentence: tokens, q·k [H·N·M], the mask and the bias, and the settings as they were.

    Of several layers the first, which alone attends over the embeddings as they came.
    """
    try:
        ready = prepare(config)
    except (Fault, OSError) as error:
        raise Left("runs whose input is not here any more") from error
    for prepared in ready:
        queries = prepared.embedded.sentence.tokens
        keys = (prepared.keyed or prepared.embedded).sentence.tokens
        if max(len(queries), len(keys)) > MOST_TOKENS:
            raise Left(f"sentences beyond {MOST_TOKENS} tokens")
        scores, allowed, bias = stages(prepared.projected, config)
        yield {
            "sentence": prepared.embedded.sentence.name,
            "queries": list(queries),
            "keys": list(keys),
            "width": prepared.projected.query.shape[-1],
            "scores": scores.ravel().tolist(),
            "mask": None if allowed.all() else spread(allowed.astype(int), scores.shape),
            "bias": None if bias is None else spread(bias, scores.shape),
            **{name: getattr(config.attention, name) for name in SETTINGS},
        }


def spread(array: Any, shape: tuple[int, ...]) -> list[Any]:
    """An array over all heads and queries, entry by entry."""
    return np.broadcast_to(array, shape).ravel().tolist()


def stages(projected: Projected, config: Config) -> tuple[Array, Mask, Array | None]:
    """q·k [H, N, M], which keys are allowed, and the bias: the logits of scores times nothing."""
    settings = config.attention
    query, key = (
        turn(QK_NORMS[settings.qk_norm](vectors, settings.qk_norm_gain), settings.rotation)
        for vectors in (projected.query, projected.key)
    )
    seen: dict[str, Array] = {}

    def keep(stage: str, array: Array) -> None:
        seen[stage] = array.copy()

    attended = attend(query, key, projected.value, mask=settings.mask, capture=keep)
    scores = seen["scores"]
    if settings.bias == "none":
        return scores, attended.allowed, None
    attend(query, key, projected.value, scale=0.0, bias=settings.bias, capture=keep)
    return scores, attended.allowed, seen["masked"]
