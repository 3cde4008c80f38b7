"""Effects: how much of a metric's variance over a full grid of runs each setting accounts for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.tables import Table
from pipeline.compare.causes.anova import shares
from pipeline.compare.settings import differing, value_of, value_pattern
from pipeline.compare.table import scalar
from pipeline.config.affects import changes_numbers
from pipeline.store.read.run import Run


def effects_table(runs: Sequence[Run], metrics: Sequence[str]) -> Table:
    """Main effects and interactions of a full grid: one row per effect, one column per metric."""
    axes = axes_of(runs)
    values = grid_of(runs, axes, metrics)
    by_metric = [shares(values[..., k]) for k in range(len(metrics))]
    rows = [
        (effect_name(chosen, axes), *(found[chosen] for found in by_metric))
        for chosen in by_metric[0]
    ]
    total = ("all", *(sum(found.values()) for found in by_metric))
    return Table(("effect", *metrics), [*rows, total])


def effect_name(chosen: tuple[int, ...], axes: Sequence[Sequence[str]]) -> str:
    """A main effect by its settings, an interaction with a cross between them."""
    if not chosen:
        return "three or more together"
    return " × ".join(" + ".join(axes[axis]) for axis in chosen)


def axes_of(runs: Sequence[Run]) -> list[list[str]]:
    """The settings that vary, those that always move together as one axis."""
    axes: dict[tuple[int, ...], list[str]] = {}
    for name in differing(runs):
        if changes_numbers(name):
            axes.setdefault(pattern(runs, name), []).append(name)
    return list(axes.values())


def pattern(runs: Sequence[Run], name: str) -> tuple[int, ...]:
    """Groups runs by their value of a setting."""
    return value_pattern(value_of(run, name) for run in runs)


def grid_of(runs: Sequence[Run], axes: Sequence[Sequence[str]], metrics: Sequence[str]) -> Array:
    """[n_1, …, n_k, K] metrics of a full grid; a `UserError` unless each cell has one run."""
    patterns = [pattern(runs, names[0]) for names in axes]
    places = np.array(patterns, dtype=int).reshape(len(axes), len(runs))
    shape = tuple(int(place.max()) + 1 for place in places)
    cells = {tuple(place) for place in places.T.tolist()}
    if not axes or not len(cells) == len(runs) == int(np.prod(shape)):
        grid = " × ".join(" + ".join(names) for names in axes) or "nothing that varies"
        raise UserError(
            f"--causes: {len(runs)} runs are no full grid of {grid} ({int(np.prod(shape))} cells, "
            f"{len(cells)} of them filled); narrow them with --where, or name two runs"
        )
    values = np.empty((*shape, len(metrics)))
    values[tuple(places)] = [[scalar(run, metric) for metric in metrics] for run in runs]
    return values
