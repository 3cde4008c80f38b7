"""Groups of runs that are alike but for the seed, say: means with their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.compare.intervals import average, bootstrap, standard_error
from pipeline.compare.names import resolver, value_in
from pipeline.compare.read import Run
from pipeline.compare.settings import differing
from pipeline.compare.table import metric_names, scalar
from pipeline.faults import Fault
from pipeline.records import Array, Table

ENDINGS = ("", "_se", "_low", "_high")  # of a metric's columns: mean, standard error, interval


@dataclass(frozen=True, eq=False)
class Groups:
    """Runs by the values of some columns, in the order of their first."""

    by: tuple[str, ...]  # the columns that tell the groups apart
    over: tuple[str, ...]  # the settings that differ within groups, which the means are over
    places: tuple[tuple[int, ...], ...]  # the places of each group's runs
    table: Table  # by, runs, and for each metric: mean, standard error, 95 % interval


def columns_for(runs: Sequence[Run], by: str | None, over: str | None) -> list[str]:
    """The columns to group by: those named, or all that differ but those to average over."""
    option = "--by" if by is not None else "--over"
    resolve = resolver(runs, option)
    named = [resolve(name.strip()) for name in str(by if by is not None else over).split(",")]
    kept = named if by is not None else [n for n in differing(runs) if n not in named]
    if metrics := set(named) & set(metric_names(runs)):
        raise Fault(f"{option}: {min(metrics)} is a metric; expected settings: "
                    f"{', '.join(differing(runs)) or 'none differs'}")  # fmt: skip
    return kept


def grouped(runs: Sequence[Run], by: Sequence[str]) -> Groups:
    """One row a group: the mean of every metric, its standard error and a 95 % interval."""
    metrics = metric_names(runs)
    found: dict[tuple[object, ...], list[int]] = {}
    for place, run in enumerate(runs):
        found.setdefault(tuple(value_in(run, column) for column in by), []).append(place)
    values = np.array([[scalar(run, metric) for metric in metrics] for run in runs])
    values = values.reshape(len(runs), len(metrics))
    told = statistics([values[places] for places in found.values()])
    rows = [
        (*key, len(places), *(float(x) for x in one.T.ravel()))
        for (key, places), one in zip(found.items(), told, strict=True)
    ]
    columns = (*by, "runs", *(f"{metric}{ending}" for metric in metrics for ending in ENDINGS))
    over = tuple(name for name in differing(runs) if name not in by)
    return Groups(tuple(by), over, tuple(map(tuple, found.values())), Table(columns, rows))


def statistics(groups: Sequence[Array]) -> list[Array]:
    """Groups [n, K] → [4, K] each: mean, standard error, low and high, of what is defined.

    Groups of one size are resampled together, by the same draws, which makes many groups cheap.
    """
    found = [np.full((4, group.shape[1]), np.nan) for group in groups]
    by_size: dict[int, list[tuple[int, int, Array]]] = {}
    for place, group in enumerate(groups):
        for column, values in enumerate(group.T):
            defined = values[~np.isnan(values)]
            by_size.setdefault(len(defined), []).append((place, column, defined))
    for size, parts in by_size.items():
        if size:
            together = np.stack([values for _, _, values in parts], axis=1)  # [n, parts]
            told = [average(together), standard_error(together), *bootstrap(together)]
            for (place, column, _), one in zip(parts, np.stack(told, axis=1), strict=True):
                found[place][:, column] = one
    return found
