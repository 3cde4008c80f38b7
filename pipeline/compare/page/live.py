"""What the live panel computes from: q·k of each input, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pipeline.attention import attend
from pipeline.base.errors import UserError
from pipeline.base.records import Array, LayerInput, Mask
from pipeline.compare.page.columns import Column, describe_run
from pipeline.config.affects import changes_numbers
from pipeline.config.schema.config import Config
from pipeline.config.validate import validate
from pipeline.runs.prepare import norm_and_rotate, prepare
from pipeline.store.read.config import whole_config
from pipeline.store.read.run import Run

MOST_TOKENS = 64
MOST_NUMBERS = 120_000  # scores of all inputs together
SETTINGS = ("softcap", "log_n_factor", "scale", "temperature")
COMPUTED = ("scores", "mask", "bias", "softcap", "log_n_factor")  # what tells two inputs apart
SET_HERE = ("attention.scale", "attention.temperature")  # by the reader, in the panel


def inputs(
    runs: Sequence[Run], chosen: Sequence[int], columns: Sequence[Column]
) -> tuple[list[dict[str, Any]], str]:
    """Each distinct input of the chosen runs, and what was left out, in words."""
    found: dict[str, dict[str, Any]] = {}
    left: dict[str, None] = {}
    labels = [c for c in columns if c.leads and is_of_input(c.name) and c.name != "sentences"]
    for place in sorted({input_key(runs[place]): place for place in reversed(chosen)}.values()):
        try:
            for entry in scored(config_of(runs[place])):
                used = sum(len(other["scores"]) for other in found.values())
                if used + len(entry["scores"]) > MOST_NUMBERS:
                    raise LeftOut(f"what goes beyond {MOST_NUMBERS:,} scores in all")
                words = entry["sentence"], describe_run(labels, place)
                entry["label"] = " · ".join(filter(None, words))
                found.setdefault(json.dumps([entry[name] for name in COMPUTED]), entry)
        except LeftOut as why:
            left[str(why)] = None
    return list(found.values()), "; ".join(left)


def is_of_input(setting: str) -> bool:
    """Whether scores depend on a setting that the panel does not set itself."""
    return changes_numbers(setting) and setting not in SET_HERE


class LeftOut(Exception):
    """Why an input is not in the page."""


def input_key(run: Run) -> str:
    """Equal for runs whose scores are equal."""
    kept = {name: v for name, v in run.settings.items() if is_of_input(name)}
    return json.dumps(kept, sort_keys=True, default=str)


def config_of(run: Run) -> Config:
    """The config a run was made with, validated again."""
    try:
        config = validate(whole_config(run))
    except UserError as error:
        raise LeftOut("runs whose settings this version does not know") from error
    if config.attention.at(0).normalizer != "softmax":
        raise LeftOut("runs with a normalizer other than softmax")
    return config


def scored(config: Config) -> Iterator[dict[str, Any]]:
    """Per sentence: tokens, q·k [H·N·M], mask, bias and the settings of the run.

    Only the first layer: it alone attends over the embeddings themselves.
    """
    try:
        ready = prepare(config)
    except (UserError, OSError) as error:
        raise LeftOut("runs whose input is not here any more") from error
    for prepared in ready:
        queries = prepared.embedded.sentence.tokens
        keys = (prepared.key_embedded or prepared.embedded).sentence.tokens
        if max(len(queries), len(keys)) > MOST_TOKENS:
            raise LeftOut(f"sentences beyond {MOST_TOKENS} tokens")
        scores, allowed, bias = capture_stages(prepared, config)
        yield {
            "sentence": prepared.embedded.sentence.name,
            "queries": list(queries),
            "keys": list(keys),
            "width": prepared.projected.query.shape[-1],
            "scores": scores.ravel().tolist(),
            "mask": None if allowed.all() else broadcast_list(allowed.astype(int), scores.shape),
            "bias": None if bias is None else broadcast_list(bias, scores.shape),
            **{name: getattr(config.attention.at(0), name) for name in SETTINGS},
        }


def broadcast_list(array: Any, shape: tuple[int, ...]) -> list[Any]:
    """An array over all heads and queries, entry by entry."""
    return np.broadcast_to(array, shape).ravel().tolist()


def capture_stages(prepared: LayerInput, config: Config) -> tuple[Array, Mask, Array | None]:
    """q·k [H, N, M], which keys are allowed, and the bias: the logits of scores times nothing."""
    settings, projected = config.attention.at(0), prepared.projected
    query, key = norm_and_rotate(projected, settings)
    seen: dict[str, Array] = {}

    def keep(stage: str, array: Array) -> None:
        seen[stage] = array.copy()

    attended = attend(
        query,
        key,
        projected.value,
        mask=settings.mask,
        tokens=prepared.token_ids,
        on_stage=keep,
    )
    scores = seen["scores"]
    if settings.bias == "none":
        return scores, attended.allowed, None
    attend(query, key, projected.value, scale=0.0, bias=settings.bias, on_stage=keep)
    return scores, attended.allowed, seen["masked"]
