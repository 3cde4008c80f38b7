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
from pipeline.sweep.plan.composed import GroupOf, value_of
from pipeline.sweep.plan.grid import Grid


def kept_indices(
    axes: Sequence[Axis], repeats: int, base_of: GroupOf, where: str | None, planned: Sequence[str]
) -> range | npt.NDArray[np.int64]:
    """The places in the product of the axes and their repeats that meet the condition.

    `planned` are the settings of the experiment's grid, of which the command line may have held
    some still: a condition may speak of those too.
    """
    settings = math.prod(len(axis.values) for axis in axes)
    if where is None:
        return range(settings * repeats)
    varied = [name for axis in axes for name in axis.settings]
    still = [name for name in planned if name not in varied]
    met = condition_of(where, [*varied, *still])
    told = [
        [values_at(axes, place, digit, base_of) for digit in range(len(axis.values))]
        for place, axis in enumerate(axes)
    ]
    fixed = values_of(still, axes, [0] * len(axes), base_of) if still else {}
    places = [
        place
        for place, parts in enumerate(itertools.product(*told))
        if met({**fixed, **{name: value for part in parts for name, value in part.items()}}.get)
    ]
    if not places:
        raise UserError(f"where: no run of {settings} meets {shorten(where)}")
    return (np.array(places)[:, None] * repeats + np.arange(repeats)).ravel()


def condition_of(where: str, settings: Sequence[str]) -> Callable[[Row], bool]:
    """The condition as a function of what the settings are in a run; they may be named by the end.

    >>> condition_of("temperature < 1", ["attention.temperature"])({}.get)
    False
    """

    def resolve(name: str) -> str:
        found = [name] if name in settings else [s for s in settings if s.endswith(f".{name}")]
        if len(found) != 1:
            known = f": {list_choices(name, settings)}" if settings else ", which varies none"
            raise UserError(f"where: got {shorten(name)}, expected a setting of the grid{known}")
        return found[0]

    try:
        return condition(where, resolve)
    except UserError as fault:  # which speaks of compare's option and of metrics
        (line,) = fault.lines
        told = line.removeprefix("--").replace("settings and metrics", "settings of the grid")
        raise UserError(told) from fault


def values_at(axes: Sequence[Axis], place: int, digit: int, base_of: GroupOf) -> dict[str, Any]:
    """What the settings of one axis are at one of its values, past the gate if it lets them.

    They are what they are whatever the values of the other axes.
    """
    axis = axes[place]
    try:
        digits = [digit if other is axis else 0 for other in axes]
        return values_of(axis.settings, axes, digits, base_of)
    except UserError:  # said of every run that has it, if any is left
        return dict(zip(axis.settings, map(read_value, axis.values[digit]), strict=True))


def values_of(
    names: Sequence[str], axes: Sequence[Axis], digits: Sequence[int], base_of: GroupOf
) -> dict[str, Any]:
    """What settings are in one run."""
    base, chosen = base_of(Grid(tuple(axes), ()).assignment(digits))
    config = base.config(chosen)
    return {name: value_of(name, config, base.composed.choices) for name in names}
