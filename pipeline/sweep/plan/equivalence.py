"""Points that are mathematically the same, which are run once and said to be the same.

Each rule brings a run's settings nearer to a form that all ways of writing one mechanism share.
Two runs are the same where these forms are equal and the factors that multiply QKᵀ differ by less
than rounding. Their numbers may still differ in the last digits; the first one's are told for all.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.attention import SCALES
from pipeline.store.key import canonical_json
from pipeline.sweep.plan.canonical import (
    Shapes,
    seen_through,
    sees_differences,
    with_defaults,
    without_constant,
)

GIVEN = ("handmade", "one_hot", "glove")  # kinds of embeddings of which nothing is drawn

CanonicalSettings = dict[
    str, Any
]  # a run's settings on the way to the form; "factor" multiplies QKᵀ


@dataclass(frozen=True)
class Rule:
    """What makes no difference, and why."""

    why: str
    apply: Callable[[CanonicalSettings, Shapes], CanonicalSettings]


def spelled_out(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """A variant by name is the variant with its default settings."""
    normalizer = with_defaults("normalizer", canonical_json(form["normalizer"]))
    rotation = with_defaults("rotation", canonical_json(form["rotation"]))
    return {**form, "normalizer": normalizer, "rotation": rotation}


def same_normalizer(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """Entmax at α = 2, a sink of 0, a top-k of all keys or of one."""
    (name, settings) = form["normalizer"]
    most = max(keys for _, keys in shapes.lengths)
    if name == "entmax" and settings["alpha"] == 2:
        return {**form, "normalizer": ("sparsemax", {})}
    if name == "sink" and settings["logit"] == 0:
        return {**form, "normalizer": ("off_by_one", {})}
    if name == "top_k" and settings["k"] >= most:
        return {**form, "normalizer": ("softmax", {})}
    if name == "top_k" and settings["k"] == 1:
        return {**form, "normalizer": ("hard", {})}
    return form


def same_mask(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """A mask is the keys it lets through."""
    return {**form, "mask": seen_through(canonical_json(form["mask"]), shapes)}


def same_bias(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """A constant added to a row of scores."""
    bare = form["softcap"] is None or form["order"] == "cap_then_mask"  # nothing caps the sum
    if bare and sees_differences(canonical_json(form["normalizer"])):
        return {**form, "bias": without_constant(canonical_json(form["bias"]), shapes)}
    return form


def unused(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """Numbers of a stage that is off."""
    factor = form["log_n_factor"] if form["scale"] == "log_n" else 1.0
    gain = form["qk_norm_gain"] if form["qk_norm"] != "none" else 1.0
    return {**form, "log_n_factor": factor, "qk_norm_gain": gain}


def one_factor(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """Scale, temperature and the gain of the norm are one factor of QKᵀ."""
    rest = dict(form)
    scale, temperature = rest.pop("scale"), rest.pop("temperature")
    factor, gain = rest.pop("log_n_factor"), rest.pop("qk_norm_gain")
    counted = scale == "log_n"
    if scale in SCALES and form["layers"]["count"] > 1:  # whose widths may differ
        counted, multiplier = scale, factor
    elif counted:  # ln n, which differs between queries, stays apart
        multiplier = factor / math.sqrt(shapes.key_width)
    else:
        multiplier = SCALES[scale](shapes.key_width, None, 1.0) if scale in SCALES else scale
    return {**rest, "counted": counted, "factor": float(multiplier) / temperature * gain * gain}


def best_key(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """The best key is the best whatever the scores are multiplied by."""
    plain = form["softcap"] is None and form["bias"] == "none"
    if form["normalizer"][0] == "hard" and plain and form["factor"] > 0:
        return {**form, "counted": False, "factor": 1.0}
    return form


def nothing_drawn(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """Without anything random the seed changes nothing."""
    given = form["embeddings"]["kind"] in GIVEN and form["embeddings"]["unknown"] != "seeded"
    drawn = not given or form["projection"]["kind"] != "identity"
    return form if drawn else {**form, "seed": None}


def real_widths(form: CanonicalSettings, shapes: Shapes) -> CanonicalSettings:
    """A width left to be worked out is the width it comes to."""
    if form["projection"]["kind"] != "random" or form["layers"]["count"] > 1:
        return form
    widths = {"key_width": shapes.key_width, "value_width": shapes.value_width}
    return {**form, "projection": {**form["projection"], **widths}}


# In this order: each may rely on those above it.
RULES: dict[str, Rule] = {
    "defaults": Rule("a variant without settings has its default ones", spelled_out),
    "normalizer": Rule(
        "entmax at α = 2 is sparsemax, a sink of logit 0 is off_by_one, the top k of no more than "
        "k keys is a softmax, and the top 1 is hard",
        same_normalizer,
    ),
    "mask": Rule("masks that let the same keys through are one mask", same_mask),
    "bias": Rule(
        "a constant added to all scores of a row cancels in a normalizer that sees only their "
        "differences",
        same_bias,
    ),
    "unused": Rule(
        "log_n_factor counts under the scale log_n alone, qk_norm_gain with a QK-norm alone", unused
    ),
    "factor": Rule(
        "QKᵀ is multiplied by scale, 1/temperature and the square of the QK-norm's gain, and "
        "nothing but their product counts",
        one_factor,
    ),
    "hard": Rule("the best key stays the best whatever positive number scores it", best_key),
    "seed": Rule("where nothing is drawn, the seed changes nothing", nothing_drawn),
    "widths": Rule("a null width is the width it comes to", real_widths),
}


def canonicalize(settings: Mapping[str, Any], shapes: Shapes) -> tuple[str, float]:
    """The form of a run's settings as text, and the factor of QKᵀ beside it."""
    form = flatten_attention(settings)
    if form["stages"]:  # which show what a rule takes for no difference
        return canonical_json(form), 1.0
    for rule in RULES.values():
        form = rule.apply(form, shapes)
    factor = form.pop("factor")
    return canonical_json(form), factor


def flatten_attention(settings: Mapping[str, Any]) -> CanonicalSettings:
    """A run's settings as the first rule takes them: the mechanism's own beside the others."""
    form: CanonicalSettings = {**settings, **settings["attention"]}
    del form["attention"], form["name"]
    return form


NO_EQUIVALENT = -1  # in the table of points that are the same: is the same as no earlier one
REL_TOL = 1e-12  # relative difference of two factors that are the same: a few roundings


class EquivalenceFinder:
    """The form of every run, as a number, and the factor of its QKᵀ; 16 bytes a run."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}
        self.forms, self.factors = array("q"), array("d")

    def add(self, settings: Mapping[str, Any], shapes: Shapes) -> None:
        """The next run of the plan."""
        text, factor = canonicalize(settings, shapes)
        mark = hashlib.blake2b(text.encode(), digest_size=16).digest()
        self.forms.append(self.numbers.setdefault(mark, len(self.numbers)))
        self.factors.append(factor)

    def first(self) -> npt.NDArray[np.int32]:
        """For each run the place of the first that is the same, `NO_EQUIVALENT` where that is itself."""
        places = first_equivalent(np.array(self.forms), np.array(self.factors))
        return np.where(places == np.arange(len(places)), NO_EQUIVALENT, places).astype(np.int32)


def first_equivalent(
    forms: npt.NDArray[np.int64], factors: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The place of the first point that each is the same as, its own where it is the first.

    `forms` numbers the points' forms, [P]; factors that differ by no more than `REL_TOL` of
    themselves are one.

    >>> first_equivalent(np.array([0, 0, 1, 0]), np.array([0.5, 0.25, 0.5, 0.5 + 1e-16])).tolist()
    [0, 1, 2, 0]
    """
    order = np.lexsort((factors, forms))
    form, factor = forms[order], factors[order]
    starts = np.ones(len(order), bool)
    starts[1:] = (np.diff(form) != 0) | (np.diff(factor) > REL_TOL * np.abs(factor[1:]))
    group = np.cumsum(starts) - 1
    first = np.full(len(order), len(order))
    np.minimum.at(first, group, order)
    found = np.empty(len(order), np.int64)
    found[order] = first[group]
    return found
