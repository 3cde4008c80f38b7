"""The experiments: the YAML files of experiments/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.base.errors import UserError
from pipeline.base.paths import EXPERIMENTS
from pipeline.config.renamed import renamed_hint


def experiments() -> dict[str, Path]:
    """Name → file, of every experiment."""
    return {path.stem: path for path in sorted(EXPERIMENTS.glob("*.yaml"))}


def read_experiment(path: Path) -> dict[str, Any]:
    """The settings of one experiment."""
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"experiments/{path.name}: cannot be read as YAML: {error}") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("study"), dict):
        raise UserError(
            f"experiments/{path.name}: has no study; expected question, source and grid"
        )
    hints = [
        hint for name in dict.fromkeys(named_settings(settings)) if (hint := renamed_hint(name))
    ]
    if hints:
        raise UserError(*(f"experiments/{path.name}: {hint}" for hint in hints))
    return settings


def named_settings(settings: Mapping[Any, Any], above: str = "") -> Iterator[str]:
    """Every setting that an experiment names, dotted: those it sets, and those of its grid.

    >>> list(named_settings({"seed": 1, "study": {"grid": {"attention.mask, seed": []}}}))
    ['seed', 'study', 'study.grid', 'attention.mask', 'seed']
    """
    for key, value in settings.items():
        if above == "study.grid":
            yield from (name.strip() for name in str(key).split(","))
            continue
        name = f"{above}.{key}" if above else str(key)
        yield name
        if isinstance(value, Mapping):
            yield from named_settings(value, name)
