"""The plan of a sweep: every run it will make, composed, validated and named before the first.

Hydra composes once for each combination of group choices; plain values are then set on a copy.
Of a run the plan keeps its hash and no more; all else is made anew when it is asked for.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from pipeline.compose import compose, is_group, parse
from pipeline.config import Config, Study, validate_study
from pipeline.faults import Fault
from pipeline.identity import file_hashes, fingerprint_of
from pipeline.perform import paths_in
from pipeline.run import prepare
from pipeline.sweep.axes import Axis, find_axes, is_zipped
from pipeline.sweep.base import Base, Chosen
from pipeline.sweep.points import ALONE, DIGEST, Grid, Point, Points, written

__all__ = ["Plan", "Point", "make_plan"]


@dataclass(frozen=True, eq=False)
class Plan:
    """A sweep, whole, before it starts."""

    name: str
    study: Study | None
    axes: tuple[Axis, ...]
    points: Points
    overrides: tuple[str, ...]  # the command line's

    @cached_property
    def config(self) -> Config:
        """The first run's config, for what all runs share."""
        return self.points[0].job.config


def make_plan(overrides: Sequence[str]) -> Plan:
    """The sweep that these overrides ask for; a `Fault` lists all that is wrong in any run."""
    single = [override for override in overrides if not is_zipped(override)]
    parsed = parse(single)
    fixed = [o for o, given in zip(single, parsed, strict=True) if not given.is_sweep_override()]
    asked = compose(fixed)
    composed: Any = OmegaConf.to_container(asked.settings)
    study = validate_study(composed.get("study"))
    axes = find_axes(overrides, study.grid if study else {})
    grid = Grid(axes, range(math.prod(len(axis.values) for axis in axes)))
    base_of = bases(fixed, axes)
    keys = checked(grid, base_of)
    points = Points(grid, base_of, keys, np.full(len(grid.kept), ALONE, np.int32))
    config = points[0].job.config
    name = asked.choices.get("experiment", config.name)
    kept = tuple(override for override in overrides if not override.startswith("outputs="))
    return Plan(name, config.study, axes, points, kept)


def bases(fixed: Sequence[str], axes: Sequence[Axis]) -> Callable[[Chosen], tuple[Base, Chosen]]:
    """Takes a combination apart into its base, made by Hydra once, and what is set on that."""
    keys = [key for axis in axes for key in axis.keys]
    by_hydra = {key for key in keys if key[0] in "+~" or is_group(key)}
    plain = [key for key in keys if key not in by_hydra]
    values = {
        text
        for axis in axes
        for row in axis.values
        for key, text in zip(axis.keys, row, strict=True)
        if key not in by_hydra
    }
    made: dict[tuple[str, ...], Base | Fault] = {}

    def base_of(chosen: Chosen) -> tuple[Base, Chosen]:
        asked = tuple(f"{key}={text}" for key, text in chosen.items() if key in by_hydra)
        if asked not in made:
            try:
                made[asked] = Base(compose((*fixed, *asked)), plain, values)
            except Fault as fault:
                made[asked] = fault
        base = made[asked]
        if isinstance(base, Fault):
            raise base
        return base, {key: chosen[key] for key in plain if key in chosen}

    return base_of


def checked(grid: Grid, base_of: Callable[[Chosen], tuple[Base, Chosen]]) -> bytes:
    """The hash of every run, one after another; all that is wrong with any of them at once."""
    wrong: Counter[str] = Counter()
    ready, hashes = Ready(), bytearray()
    for index in range(len(grid.kept)):
        try:
            base, chosen = base_of(grid.chosen(grid.digits(index)))
            config = base.config(chosen)
            texts = base.spelled(config)
            hashes += bytes.fromhex(fingerprint_of(texts, ready.inputs(config, texts)))
        except Fault as fault:
            wrong.update(fault.lines)
    raise_counted(wrong, len(grid.kept))
    refuse_twins(grid, bytes(hashes))
    return bytes(hashes)


def raise_counted(wrong: Counter[str], runs: int) -> None:
    """The faults of all runs, each said once with how many runs it is in."""
    if wrong:
        total = f" of {runs} runs)"
        raise Fault(*(f"{l} (in {n}{total}" if runs > 1 else l for l, n in wrong.items()))


def refuse_twins(grid: Grid, hashes: bytes) -> None:
    """Two points of one config would be one run sold as two."""
    seen: dict[bytes, int] = {}
    lines = []
    for index in range(len(grid.kept)):
        first = seen.setdefault(hashes[index * DIGEST : (index + 1) * DIGEST], index)
        if first != index:
            told = (" ".join(written(grid.chosen(grid.digits(i)))) for i in (first, index))
            lines.append(f"the grid holds the same run twice: {' and '.join(told)}")
    if lines:
        raise Fault(*lines)


class Ready:
    """The inputs of runs, each prepared once, so that no run fails for want of a word."""

    def __init__(self) -> None:
        self.prepared: dict[tuple[str, ...], Fault | None] = {}
        self.hashes: dict[str, str] = {}

    def inputs(self, config: Config, texts: Mapping[str, str]) -> dict[str, str]:
        """The files a run reads, with their hashes; raises what preparing the run raises.

        The seed is left out: it changes the numbers, but not whether there are any.
        """
        parts = (texts[p] for p in ("sentences", "embeddings", "projection", "layers"))
        mark = (*parts, config.attention.keep)
        if mark not in self.prepared:
            try:
                prepare(config)
                self.prepared[mark] = None
            except Fault as fault:
                self.prepared[mark] = fault
        if found := self.prepared[mark]:
            raise found
        read = [texts[part] for part in ("sentences", "attention") if '"path": "' in texts[part]]
        return {path: self.hash_of(path) for path in paths_in(list(map(json.loads, read)))}

    def hash_of(self, path: str) -> str:
        """The hash of a file's content, as it was when the plan was made."""
        if path not in self.hashes:
            self.hashes |= file_hashes([path])
        return self.hashes[path]
