"""Runs as pandas DataFrames: one row per run, per weight or per query."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.compare.columns import select_runs
from pipeline.compare.settings import differing, value_of
from pipeline.compare.table import columns_for, group_runs, runs_table
from pipeline.store.read.csv import read_table, read_texts
from pipeline.store.read.find import PathLike, find_runs
from pipeline.store.read.run import Run
from pipeline.store.schema import TEXT_COLUMNS

if TYPE_CHECKING:
    import pandas as pd


def load_runs(
    *paths: PathLike, where: str | None = None, by: str | None = None, over: str | None = None
) -> pd.DataFrame:
    """Runs as a DataFrame: `run` (its folder), the settings that differ, the metrics.

    Each path is a run folder, a sweep folder, a folder of run folders, a glob of these, `latest`
    or `latest:3`; without any, the newest sweep. `where` keeps the runs that meet a condition,
    "temperature < 1 and scale == 'none'". `by` gives one row per group of runs with the same
    values of those settings, `over` one row per group of runs that differ in those alone ("seed"):
    for each metric its mean, `_se` (standard error), `_low` and `_high` (95 % bootstrap interval).

    Raises `UserError` (a ValueError) for a folder that holds no finished run.
    """
    import pandas as pd

    runs = select_runs(find_runs(paths), where)
    is_grouped = by is not None or over is not None
    table = group_runs(runs, columns_for(runs, by, over)).table if is_grouped else runs_table(runs)
    return pd.DataFrame(table.rows, columns=list(table.columns))


def load_weights(*paths: PathLike, where: str | None = None) -> pd.DataFrame:
    """The weights of runs as one DataFrame, one row per weight.

    Columns: `run`, the settings that differ, then those of weights.csv (`sentence, layer, head,
    query_position, query, key_position, key, weight`), tokens and numbers as they were computed,
    to the last bit. Paths and `where` as in `load_runs`.
    """
    return stack_tables(select_runs(find_runs(paths), where), "weights.csv")


def load_metrics(*paths: PathLike, where: str | None = None) -> pd.DataFrame:
    """The metrics of every query of runs: one row per query, one column per metric.

    Columns: `run`, the settings that differ, then those of metrics.csv. Paths and `where` as in
    `load_runs`.
    """
    return stack_tables(select_runs(find_runs(paths), where), "metrics.csv")


def stack_tables(runs: Sequence[Run], name: str) -> pd.DataFrame:
    """One file of every run, one below another, beside the settings that differ."""
    import pandas as pd

    settings = differing(runs)
    frames = []
    for run in runs:
        frame = read_frame(run.source_folder / name)
        identity = {"run": run.name, **{setting: value_of(run, setting) for setting in settings}}
        for position, (column, value) in enumerate(identity.items()):
            frame.insert(position, column, value)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def read_frame(path: Path) -> pd.DataFrame:
    """A CSV of a run folder: numbers to the last bit, tokens as they were."""
    table = read_table(path)
    frame: pd.DataFrame = table.to_pandas()
    for column in table.column_names:
        if column in TEXT_COLUMNS:
            frame[column] = read_texts(table[column])
        elif table[column].null_count == len(table):  # a metric that is nowhere defined
            frame[column] = np.nan
    return frame
