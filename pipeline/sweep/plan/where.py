"""Which points of a grid are kept: those that meet the condition `where`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.errors import UserError, shorten
from pipeline.base.registry import list_choices
from pipeline.store.read.query import Row, condition
from pipeline.sweep.plan.axes import Axis, read_value
from pipeline.sweep.plan.composed import GroupOf, planned_value
from pipeline.sweep.plan.grid import Grid


def kept_indices(
    axes: Sequence[Axis], repeats: int, group_of: GroupOf, where: str | None, in_grid: Sequence[str]
) -> range | npt.NDArray[np.int64]:
    """The indices into the product of the axes and their repeats that meet the condition.

    `in_grid` are the settings of the experiment's grid, some of which the command line may have
    fixed: a condition may name those too.
    """
    count = math.prod(len(axis.values) for axis in axes)
    if where is None:
        return range(count * repeats)
    varied = [name for axis in axes for name in axis.settings]
    fixed = [name for name in in_grid if name not in varied]
    is_met = condition_of(where, [*varied, *fixed])
    values = [
        [values_at(axes, axis, index, group_of) for index in range(len(axis.values))]
        for axis in axes
    ]
    fixed_values = values_of(fixed, axes, [0] * len(axes), group_of) if fixed else {}
    kept = [
        index
        for index, parts in enumerate(itertools.product(*values))
        if is_met({**fixed_values, **{k: value for part in parts for k, value in part.items()}}.get)
    ]
    if not kept:
        raise UserError(f"where: no run of {count} meets {shorten(where)}")
    return (np.array(kept)[:, None] * repeats + np.arange(repeats)).ravel()


def condition_of(where: str, settings: Sequence[str]) -> Callable[[Row], bool]:
    """The condition as a function of a run's settings, which may be named by their last part.

    >>> condition_of("temperature < 1", ["attention.temperature"])({}.get)
    False
    """

    def resolve(name: str) -> str:
        matches = [name] if name in settings else [s for s in settings if s.endswith(f".{name}")]
        if len(matches) != 1:
            known = f": {list_choices(name, settings)}" if settings else ", which varies none"
            raise UserError(f"where: got {shorten(name)}, expected a setting of the grid{known}")
        return matches[0]

    try:
        return condition(where, resolve)
    except UserError as error:  # it names compare's option --where, and metrics
        (line,) = error.lines
        line = line.removeprefix("--").replace("settings and metrics", "settings of the grid")
        raise UserError(line) from error


def values_at(axes: Sequence[Axis], axis: Axis, index: int, group_of: GroupOf) -> dict[str, Any]:
    """The values of one axis's settings at one index, validated where they are valid.

    They do not depend on the other axes.
    """
    try:
        axis_indices = [index if other is axis else 0 for other in axes]
        return values_of(axis.settings, axes, axis_indices, group_of)
    except UserError:  # reported for every run that has it, if any is left
        return dict(zip(axis.settings, map(read_value, axis.values[index]), strict=True))


def values_of(
    names: Sequence[str], axes: Sequence[Axis], axis_indices: Sequence[int], group_of: GroupOf
) -> dict[str, Any]:
    """The values of settings in one run."""
    group, assignment = group_of(Grid(tuple(axes), ()).assignment(axis_indices))
    config = group.config(assignment)
    return {name: planned_value(name, config, group.composed.choices) for name in names}
