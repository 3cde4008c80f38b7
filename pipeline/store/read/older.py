"""Runs of older formats under the names of today: the one place where they are brought up to date.

Format 1 had other names for some settings and columns, and a run does not know the settings that
came after it: it was made as if each stood at its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import yaml

from pipeline.base.paths import CONF
from pipeline.config.affects import NOT_OF_A_RUN, effect_of
from pipeline.config.renamed import RENAMED
from pipeline.store.read.settings import LOADER, flatten

T = TypeVar("T")
RENAMED_COLUMNS = {"null": "uniform"}  # of keys.csv; and *_null of metrics is *_uniform


def current_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted settings under their names of today, with the defaults of those that came later.

    >>> current_settings({"attention.keep": "none"})["attention.retain"]
    'none'
    """
    named = {RENAMED.get(name, name): value for name, value in settings.items()}
    return {**named, **{name: v for name, v in flat_defaults().items() if name not in named}}


def current_config(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings, likewise.

    >>> current_config({"attention": {"keep": "none"}, "seed": 7})["attention"]["retain"]
    'none'
    """
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            inside = {RENAMED.get(f"{name}.{k}", f"{name}.{k}"): v for k, v in value.items()}
            value = {key.partition(".")[2]: v for key, v in inside.items()}
        found[name] = value
    for name, usual in defaults().items():
        if isinstance(usual, Mapping):
            found[name] = {**usual, **found.get(name, {})}
        else:
            found.setdefault(name, usual)
    return found


def current_column(name: str) -> str:
    """The name that a column or a scalar has today.

    >>> current_column("entropy_null"), current_column("null"), current_column("entropy")
    ('entropy_uniform', 'uniform', 'entropy')
    """
    if name.endswith("_null"):
        return f"{name.removesuffix('_null')}_uniform"
    return RENAMED_COLUMNS.get(name, name)


def current_scalars(scalars: Mapping[str, T]) -> dict[str, T]:
    """A run's scalars under their names of today."""
    return {current_column(name): value for name, value in scalars.items()}


@cache
def all_defaults() -> Mapping[str, Any]:
    """What conf/config.yaml sets."""
    content = yaml.load((CONF / "config.yaml").read_text(encoding="utf-8"), Loader=LOADER)
    return {name: value for name, value in content.items() if name != "defaults"}


@cache
def defaults() -> Mapping[str, Any]:
    """The same, of what is part of a run."""
    left_out = ("label", *NOT_OF_A_RUN)
    return {n: value for n, value in all_defaults().items() if effect_of(n).what not in left_out}


@cache
def flat_defaults() -> Mapping[str, Any]:
    """The same under dotted names."""
    return flatten(defaults())
