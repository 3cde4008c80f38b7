"""Variants: tables of the functions that a setting may name, and of the files of each group."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.attention import BIASES, MASKS, NORMALIZERS, ROTATIONS
from pipeline.base.paths import CONF
from pipeline.config.reference.markdown import first_line, heading_of, inline, table
from pipeline.metrics import METRICS
from pipeline.plots import PLOTS

# Settings whose values are functions: these, and how many arguments the pipeline itself gives.
SPECS: dict[str, tuple[Mapping[str, Callable[..., Any]], int]] = {
    "attention.rotation": (ROTATIONS, 2),
    "attention.bias": (BIASES, 2),
    "attention.mask": (MASKS, 0),
    "attention.normalizer": (NORMALIZERS, 0),
}
NAMES: dict[str, Mapping[str, Any]] = {
    "metrics": METRICS,
    "plots": {n: p.draw for n, p in PLOTS.items()},
}


def describe_variants() -> Iterator[str]:
    """A table for each setting whose values are functions, from their docstrings."""
    for setting, (variants, given) in SPECS.items():
        rows = [[f"`{n}`", settings_of(f, given), first_line(f)] for n, f in variants.items()]
        what = table(["name", "settings", "what it is"], rows)
        yield f"### {heading_of(setting)}\n\n{what}"
    for setting, functions in NAMES.items():
        what = table(
            ["name", "what it is"], [[f"`{n}`", first_line(f)] for n, f in functions.items()]
        )
        yield f"### {heading_of(setting)}\n\n{what}"


def settings_of(variant: Callable[..., Any], given: int) -> str:
    """The settings of a variant with their defaults, after the `given` arguments.

    >>> settings_of(NORMALIZERS["entmax"], 0), settings_of(MASKS["prefix"], 0)
    ('`alpha: 1.5`', '`length` (required)')
    """
    parameters = list(inspect.signature(variant).parameters.values())[given:]
    return ", ".join(
        f"`{p.name}` (required)" if p.default is p.empty else f"`{p.name}: {inline(p.default)}`"
        for p in parameters
    )


def describe_groups() -> Iterator[str]:
    """A table for each folder of conf/: its files, by the comments at their heads."""
    for folder in sorted(path for path in CONF.iterdir() if path.is_dir()):
        files = sorted(folder.glob("*.yaml"))
        rows = [
            [f"`{path.stem}`", head_comment(path.read_text(encoding="utf-8"))] for path in files
        ]
        yield f"### Files of {folder.name}/\n\n{table([f'`{folder.name}=`', 'what it is'], rows)}"


def head_comment(text: str) -> str:
    """The comment at the head of a YAML file, in one line.

    >>> head_comment("# One word,\\n#   two senses.\\nname: a")
    'One word, two senses.'
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(" ".join(lines).split())
