"""The canonical form of a run's settings: equal for two runs that are mathematically the same.

Each rule rewrites the settings so that different ways of writing one mechanism become equal. Two
runs are the same where their forms are equal and the factors that multiply QKᵀ differ by less than
rounding. If both were run, their numbers might still differ in the last digits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.attention import SCALES, build_mask
from pipeline.base.by_index import is_by_head, is_by_index
from pipeline.base.errors import UserError
from pipeline.base.specs import split_spec
from pipeline.store.key import canonical_json

GIVEN = ("handmade", "one_hot", "glove")  # kinds of embeddings that draw nothing at random
MAX_WEIGHTS = 1 << 22  # of a mask that is compared key by key

# A run's settings on the way to the canonical form; "factor" multiplies QKᵀ.
CanonicalSettings = dict[str, Any]


@dataclass(frozen=True)
class Shapes:
    """The shapes of a run's input."""

    lengths: tuple[tuple[int, int], ...]  # N and M of each sentence
    heads: int
    key_width: int
    value_width: int


@dataclass(frozen=True)
class Rule:
    """What makes no difference, and why."""

    why: str
    apply: Callable[[CanonicalSettings, Shapes], CanonicalSettings]


def same_mask(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """A mask is the set of keys that it allows."""
    return {**form, "mask": allowed_keys(canonical_json(form["mask"]), shapes)}


def one_factor(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """Scale, temperature and the gain of the QK-norm are one factor of QKᵀ."""
    rest = dict(form)
    scale, temperature = rest.pop("scale"), rest.pop("temperature")
    log_n_factor, gain = rest.pop("log_n_factor"), rest.pop("qk_norm_gain")
    per_query = scale == "log_n"
    if scale in SCALES and form["layers"]["count"] > 1:  # the layers may differ in width
        per_query, multiplier = scale, log_n_factor if scale == "log_n" else 1.0
    elif per_query:  # ln n differs between queries, so it stays beside the factor
        multiplier = log_n_factor / math.sqrt(shapes.key_width)
    else:
        multiplier = SCALES[scale](shapes.key_width, None, 1.0) if scale in SCALES else scale
    gain = 1.0 if form["qk_norm"] == "none" else gain
    return {**rest, "per_query": per_query, "factor": float(multiplier) / temperature * gain * gain}


def best_key(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """The best key stays the best whatever positive number multiplies the scores."""
    is_hard = split_spec(form["normalizer"], "normalizer")[0] == "hard"
    if is_hard and form["softcap"] is None and form["bias"] == "none" and form["factor"] > 0:
        return {**form, "per_query": False, "factor": 1.0}
    return form


def unused_seed(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """The seed changes nothing where nothing is drawn at random."""
    given = form["embeddings"]["kind"] in GIVEN and form["embeddings"]["unknown"] != "seeded"
    return {**form, "seed": None} if given and form["projection"]["kind"] == "identity" else form


# In this order: `hard` reads the factor.
RULES: dict[str, Rule] = {
    "mask": Rule("masks that let the same keys through are one mask", same_mask),
    "factor": Rule(
        "QKᵀ is multiplied by scale, 1/temperature and the square of the QK-norm's gain, and "
        "nothing but their product counts",
        one_factor,
    ),
    "hard": Rule("the best key stays the best whatever positive number scores it", best_key),
    "seed": Rule("where nothing is drawn, the seed changes nothing", unused_seed),
}


def canonicalize(settings: Mapping[str, Any], shapes: Shapes) -> tuple[str, float]:
    """The canonical form of a run's settings as text, and the factor of QKᵀ beside it."""
    form = flatten_attention(settings)
    # Stages show what a rule takes for no difference; settings by layer or head follow no rule.
    values = settings["attention"].values()
    if form["stages"] or any(is_by_index(value) or is_by_head(value) for value in values):
        return canonical_json(form), 1.0
    for rule in RULES.values():
        form = rule.apply(form, shapes)
    factor = form.pop("factor")
    return canonical_json(form), factor


def flatten_attention(settings: Mapping[str, Any]) -> CanonicalSettings:
    """A run's settings as the first rule takes them: those of attention beside the others."""
    form: CanonicalSettings = {**settings, **settings["attention"]}
    del form["attention"], form["name"]
    return form


@lru_cache(maxsize=1024)
def allowed_keys(spec: str, shapes: Shapes) -> Any:
    """The keys that a mask allows in each sentence; else the spec, as where it reads content.

    >>> small = Shapes(((3, 3),), 1, 4, 4)
    >>> allowed_keys('{"window": {"left": 9}}', small) == allowed_keys('"none"', small)
    True
    """
    parsed = json.loads(spec)
    weights = shapes.heads * sum(n * m for n, m in shapes.lengths)
    if weights > MAX_WEIGHTS or '"path"' in spec:
        return parsed
    mask = build_mask(parsed)
    if mask.from_content is not None:
        return parsed
    try:
        for lengths in shapes.lengths:
            mask.check((shapes.heads, *lengths))
    except UserError:  # the run itself reports it
        return parsed
    masks = [np.broadcast_to(mask.full(*nm), (shapes.heads, *nm)) for nm in shapes.lengths]
    return [np.packbits(booleans).tobytes().hex() for booleans in masks]
