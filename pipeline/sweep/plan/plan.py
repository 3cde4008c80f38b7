"""The plan of a sweep: every run it will make, composed, validated and named before the first.

Hydra composes once per combination of group choices; plain values are then set on a copy. The plan
keeps one hash per run; everything else is made anew when it is asked for.
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
from pipeline.sweep.plan.grid import DIGEST, Grid, PlanPoints, to_overrides
from pipeline.sweep.plan.inputs import InputCache
from pipeline.sweep.plan.where import kept_indices


@dataclass(frozen=True, eq=False)
class Plan:
    """A sweep, whole, before it starts."""

    name: str
    study: Study | None
    axes: tuple[Axis, ...]  # of the settings; the seeds of repeats come after them
    seeds: tuple[int, ...]  # of the repeats of each setting; none where nothing is repeated
    points: PlanPoints
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
    """The sweep that these overrides make; a `UserError` lists all that is wrong in any run."""
    single = [override for override in overrides if not is_zipped(override)]
    parsed = zip(single, parse(single), strict=True)
    fixed = [text for text, override in parsed if not override.is_sweep_override()]
    composed = compose(fixed)
    raw: Any = OmegaConf.to_container(composed.settings)
    request = validate_request(raw)
    axes = find_axes(overrides, request.study.grid if request.study else {})
    seeds = seeds_of(request.repeats, raw["seed"], axes)
    repeated = (*axes, Axis(("seed",), tuple((str(seed),) for seed in seeds))) if seeds else axes
    group_of = composed_groups(fixed, repeated, composed)
    in_grid = request.study.varied if request.study else []
    kept = kept_indices(axes, max(1, len(seeds)), group_of, request.where, in_grid)
    grid = Grid(repeated, kept)
    points = PlanPoints(grid, group_of, *validate_points(grid, group_of))
    config = points[0].job.config
    name = composed.choices.get("experiment", config.name)
    recorded = tuple(override for override in overrides if not override.startswith("outputs="))
    return Plan(name, config.study, axes, seeds, points, recorded)


def seeds_of(repeats: int | tuple[int, ...], seed: Any, axes: Sequence[Axis]) -> tuple[int, ...]:
    """The seeds over which each setting is repeated; none where it is run once."""
    if repeats == 1 or not isinstance(seed, int):  # validation refuses that a moment later
        return ()
    if any("seed" in axis.settings for axis in axes):
        raise UserError(
            f"repeats: got {shorten(repeats)} beside a grid that varies seed; expected one of "
            "the two (repeats=1 leaves the seeds to the grid)"
        )
    return tuple(range(seed, seed + repeats)) if isinstance(repeats, int) else repeats


def validate_points(grid: Grid, group_of: GroupOf) -> tuple[bytes, npt.NDArray[np.int32]]:
    """The hash of every run, and the index of the first run that each is the same as.

    All errors of all runs are raised at once.
    """
    errors: Counter[str] = Counter()
    inputs, equivalents, hashes = InputCache(), EquivalenceFinder(), bytearray()
    for index in range(len(grid.kept_indices)):
        try:
            group, assignment = group_of(grid.assignment(grid.axis_indices(index)))
            config = group.config(assignment)
            sections = group.canonical_sections(config)
            shapes = inputs.shapes(config, sections)
            hashes += bytes.fromhex(run_key_from_text(sections, inputs.hashes_of(sections)))
            equivalents.add_run(config.settings(), shapes)
        except UserError as error:
            errors.update(error.lines)
    raise_counted(errors, len(grid.kept_indices))
    refuse_repeated(grid, bytes(hashes))
    return bytes(hashes), equivalents.first()


def raise_counted(errors: Counter[str], runs: int) -> None:
    """The errors of all runs, each said once with the number of runs that have it."""
    if errors:
        total = f" of {runs} runs)"
        raise UserError(*(f"{l} (in {n}{total}" if runs > 1 else l for l, n in errors.items()))


def refuse_repeated(grid: Grid, hashes: bytes) -> None:
    """A `UserError` where two points are one and the same run."""
    seen: dict[bytes, int] = {}
    lines = []
    for index in range(len(grid.kept_indices)):
        first = seen.setdefault(hashes[index * DIGEST : (index + 1) * DIGEST], index)
        if first != index:
            pair = (
                " ".join(to_overrides(grid.assignment(grid.axis_indices(i))))
                for i in (first, index)
            )
            lines.append(f"the grid holds the same run twice: {' and '.join(pair)}")
    if lines:
        raise UserError(*lines)
