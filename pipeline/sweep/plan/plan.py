"""The plan of a sweep: every run it will make, composed, validated and named before the first.

Hydra composes once for each combination of group choices; plain values are then set on a copy.
Of a run the plan keeps its hash and no more; all else is made anew when it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from omegaconf import OmegaConf

from pipeline.base.errors import UserError, shorten
from pipeline.config.compose import compose, parse, recorded_overrides
from pipeline.config.schema.config import Config
from pipeline.config.schema.study import Study
from pipeline.config.validate import validate_request
from pipeline.store.key import run_key_from_text
from pipeline.sweep.plan.axes import Axis, find_axes, is_zipped
from pipeline.sweep.plan.composed import GroupOf, composed_groups
from pipeline.sweep.plan.equivalence import EquivalenceFinder
from pipeline.sweep.plan.grid import DIGEST, Grid, Points, to_overrides
from pipeline.sweep.plan.inputs import InputCache
from pipeline.sweep.plan.where import kept_indices


@dataclass(frozen=True, eq=False)
class Plan:
    """A sweep, whole, before it starts."""

    name: str
    study: Study | None
    axes: tuple[Axis, ...]  # of the settings; the seeds of repeats come after them
    seeds: tuple[int, ...]  # of the repeats of each setting; none where nothing is repeated
    points: Points
    overrides: tuple[str, ...]  # the command line's

    @property
    def recorded_overrides(self) -> tuple[str, ...]:
        """The overrides that say what is run, without where and how."""
        return recorded_overrides(self.overrides)

    @cached_property
    def config(self) -> Config:
        """The first run's config, for what all runs share."""
        return self.points[0].job.config


def make_plan(overrides: Sequence[str]) -> Plan:
    """The sweep that these overrides ask for; a `UserError` lists all that is wrong in any run."""
    single = [override for override in overrides if not is_zipped(override)]
    parsed = parse(single)
    fixed = [o for o, given in zip(single, parsed, strict=True) if not given.is_sweep_override()]
    composed = compose(fixed)
    raw: Any = OmegaConf.to_container(composed.settings)
    asked = validate_request(raw)
    axes = find_axes(overrides, asked.study.grid if asked.study else {})
    seeds = seeds_of(asked.repeats, raw["seed"], axes)
    repeated = (*axes, Axis(("seed",), tuple((str(seed),) for seed in seeds))) if seeds else axes
    base_of = composed_groups(fixed, repeated, composed)
    planned = asked.study.varied if asked.study else []
    grid = Grid(repeated, kept_indices(axes, max(1, len(seeds)), base_of, asked.where, planned))
    keys, same = checked(grid, base_of)
    points = Points(grid, base_of, keys, same)
    config = points[0].job.config
    name = composed.choices.get("experiment", config.name)
    on_record = tuple(override for override in overrides if not override.startswith("outputs="))
    return Plan(name, config.study, axes, seeds, points, on_record)


def seeds_of(repeats: int | tuple[int, ...], seed: Any, axes: Sequence[Axis]) -> tuple[int, ...]:
    """The seeds over which each setting is repeated; none where it is run once."""
    if repeats == 1 or not isinstance(seed, int):  # which the gate refuses in a moment
        return ()
    if any("seed" in axis.settings for axis in axes):
        raise UserError(
            f"repeats: got {shorten(repeats)} beside a grid that varies seed; expected one of "
            "the two (repeats=1 leaves the seeds to the grid)"
        )
    return tuple(range(seed, seed + repeats)) if isinstance(repeats, int) else repeats


def checked(grid: Grid, base_of: GroupOf) -> tuple[bytes, npt.NDArray[np.int32]]:
    """The hash of every run, and the first run that each is the same as.

    All that is wrong with any of them is raised at once.
    """
    wrong: Counter[str] = Counter()
    ready, twins, hashes = InputCache(), EquivalenceFinder(), bytearray()
    for index in range(len(grid.kept_indices)):
        try:
            base, chosen = base_of(grid.assignment(grid.axis_indices(index)))
            config = base.config(chosen)
            texts = base.canonical_sections(config)
            shapes = ready.shapes(config, texts)
            hashes += bytes.fromhex(run_key_from_text(texts, ready.inputs(texts)))
            twins.add(config.settings(), shapes)
        except UserError as fault:
            wrong.update(fault.lines)
    raise_counted(wrong, len(grid.kept_indices))
    refuse_repeated(grid, bytes(hashes))
    return bytes(hashes), twins.first()


def raise_counted(wrong: Counter[str], runs: int) -> None:
    """The faults of all runs, each said once with how many runs it is in."""
    if wrong:
        total = f" of {runs} runs)"
        raise UserError(*(f"{l} (in {n}{total}" if runs > 1 else l for l, n in wrong.items()))


def refuse_repeated(grid: Grid, hashes: bytes) -> None:
    """Two points of one config would be one run sold as two."""
    seen: dict[bytes, int] = {}
    lines = []
    for index in range(len(grid.kept_indices)):
        first = seen.setdefault(hashes[index * DIGEST : (index + 1) * DIGEST], index)
        if first != index:
            told = (
                " ".join(to_overrides(grid.assignment(grid.axis_indices(i))))
                for i in (first, index)
            )
            lines.append(f"the grid holds the same run twice: {' and '.join(told)}")
    if lines:
        raise UserError(*lines)
