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

from pipeline.compose import compose, kept_on_record, parse
from pipeline.config import Config, Study, validate_asked
from pipeline.faults import Fault, shorten
from pipeline.identity import fingerprint_of
from pipeline.sweep.axes import Axis, find_axes, is_zipped
from pipeline.sweep.bases import BaseOf, bases
from pipeline.sweep.kept import kept
from pipeline.sweep.points import DIGEST, Grid, Point, Points, written
from pipeline.sweep.ready import Ready
from pipeline.sweep.twins import Twins

__all__ = ["Plan", "Point", "make_plan"]


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
    def asked(self) -> tuple[str, ...]:
        """The overrides that say what is run, without where and how."""
        return kept_on_record(self.overrides)

    @cached_property
    def config(self) -> Config:
        """The first run's config, for what all runs share."""
        return self.points[0].job.config


def make_plan(overrides: Sequence[str]) -> Plan:
    """The sweep that these overrides ask for; a `Fault` lists all that is wrong in any run."""
    single = [override for override in overrides if not is_zipped(override)]
    parsed = parse(single)
    fixed = [o for o, given in zip(single, parsed, strict=True) if not given.is_sweep_override()]
    composed = compose(fixed)
    raw: Any = OmegaConf.to_container(composed.settings)
    asked = validate_asked(raw)
    axes = find_axes(overrides, asked.study.grid if asked.study else {})
    seeds = seeds_of(asked.repeats, raw["seed"], axes)
    repeated = (*axes, Axis(("seed",), tuple((str(seed),) for seed in seeds))) if seeds else axes
    base_of = bases(fixed, repeated, composed)
    planned = asked.study.varied if asked.study else []
    grid = Grid(repeated, kept(axes, max(1, len(seeds)), base_of, asked.where, planned))
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
        raise Fault(
            f"repeats: got {shorten(repeats)} beside a grid that varies seed; expected one of "
            "the two (repeats=1 leaves the seeds to the grid)"
        )
    return tuple(range(seed, seed + repeats)) if isinstance(repeats, int) else repeats


def checked(grid: Grid, base_of: BaseOf) -> tuple[bytes, npt.NDArray[np.int32]]:
    """The hash of every run, and the first run that each is the same as.

    All that is wrong with any of them is raised at once.
    """
    wrong: Counter[str] = Counter()
    ready, twins, hashes = Ready(), Twins(), bytearray()
    for index in range(len(grid.kept)):
        try:
            base, chosen = base_of(grid.chosen(grid.digits(index)))
            config = base.config(chosen)
            texts = base.spelled(config)
            shapes = ready.shapes(config, texts)
            hashes += bytes.fromhex(fingerprint_of(texts, ready.inputs(texts)))
            twins.add(config.settings(), shapes)
        except Fault as fault:
            wrong.update(fault.lines)
    raise_counted(wrong, len(grid.kept))
    refuse_repeated(grid, bytes(hashes))
    return bytes(hashes), twins.first()


def raise_counted(wrong: Counter[str], runs: int) -> None:
    """The faults of all runs, each said once with how many runs it is in."""
    if wrong:
        total = f" of {runs} runs)"
        raise Fault(*(f"{l} (in {n}{total}" if runs > 1 else l for l, n in wrong.items()))


def refuse_repeated(grid: Grid, hashes: bytes) -> None:
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
