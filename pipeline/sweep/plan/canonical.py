"""What a variant comes to on a run's input, whatever the way it is written."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.attention import NORMALIZERS, ROTATIONS, as_normalizer, build_bias, build_mask
from pipeline.base.errors import UserError
from pipeline.base.specs import split_spec

LARGEST = 1 << 22  # weights up to which a mask or a bias is looked at whole
# Variants by name, and how many arguments come before their settings.
VARIANTS: dict[str, tuple[Mapping[str, Callable[..., Any]], int]] = {
    "normalizer": (NORMALIZERS, 0),
    "rotation": (ROTATIONS, 1),
}


@dataclass(frozen=True)
class Shapes:
    """What is known of a run's input."""

    lengths: tuple[tuple[int, int], ...]  # N and M of each sentence
    heads: int
    key_width: int
    value_width: int


@lru_cache(maxsize=1024)
def with_defaults(kind: str, spec: str) -> tuple[str, dict[str, Any]]:
    """A variant's name, and its settings with those that were left out.

    >>> with_defaults("normalizer", '"top_k"')
    ('top_k', {'k': 8})
    """
    name, settings = split_spec(json.loads(spec), kind)
    choices, given = VARIANTS[kind]
    parameters = list(inspect.signature(choices[name]).parameters.values())[given:]
    usual = {p.name: p.default for p in parameters if p.default is not p.empty}
    return name, {key: as_whole(value) for key, value in {**usual, **settings}.items()}


def as_whole(value: Any) -> Any:
    """A float that is a whole number as an integer, which is how YAML may write it as well.

    >>> as_whole(10000.0), as_whole(0.5), as_whole(True)
    (10000, 0.5, True)
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value


@lru_cache(maxsize=1024)
def sees_differences(variant: str) -> bool:
    """Whether a normalizer, as its name and settings, does not see a constant added to a row."""
    name, settings = json.loads(variant)
    normalizer = as_normalizer({name: settings})
    return normalizer.features is None and normalizer.shift_invariant


@lru_cache(maxsize=1024)
def seen_through(spec: str, shapes: Shapes) -> Any:
    """Which keys a mask lets through, in each sentence; as it is written where it is not looked at.

    >>> small = Shapes(((3, 3),), 1, 4, 4)
    >>> seen_through('{"window": {"left": 9}}', small) == seen_through('"none"', small)
    True
    """
    given = json.loads(spec)
    if not is_looked_at(spec, shapes):
        return given
    mask = build_mask(given)
    try:
        for lengths in shapes.lengths:
            mask.check((shapes.heads, *lengths))
    except UserError:  # the run's own, which will say so
        return given
    shown = [np.broadcast_to(mask.full(*nm), (shapes.heads, *nm)) for nm in shapes.lengths]
    return [np.packbits(booleans).tobytes().hex() for booleans in shown]


@lru_cache(maxsize=1024)
def without_constant(spec: str, shapes: Shapes) -> Any:
    """'none' for a bias that is constant along every row; else the bias as it is written."""
    given = json.loads(spec)
    if not is_looked_at(spec, shapes):
        return given
    try:
        bias = build_bias(given, shapes.heads)
        for lengths in shapes.lengths:
            bias.check((shapes.heads, *lengths))
    except UserError:
        return given
    rows = [bias.block(None, 0, n, 0, m) for n, m in shapes.lengths]
    return "none" if all((np.ptp(row, axis=-1) == 0).all() for row in rows) else given


def is_looked_at(spec: str, shapes: Shapes) -> bool:
    """Whether a mask or a bias is small enough to be held against others, and is not in a file."""
    weights = shapes.heads * sum(n * m for n, m in shapes.lengths)
    return weights <= LARGEST and '"path"' not in spec
