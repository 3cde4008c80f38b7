"""Runs as pandas DataFrames: a row a run, a row a weight, a row a query."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cells import unguard
from pipeline.compare.find import PathLike, find_runs
from pipeline.compare.groups import columns_for, grouped
from pipeline.compare.names import chosen
from pipeline.compare.read import Run
from pipeline.compare.settings import differing, value_of
from pipeline.compare.table import runs_table
from pipeline.faults import Fault

if TYPE_CHECKING:
    import pandas as pd

TEXTS = ("sentence", "query", "key", "token", "embedding")  # columns that hold text


def load_runs(
    *paths: PathLike, where: str | None = None, by: str | None = None, over: str | None = None
) -> pd.DataFrame:
    """Runs as a DataFrame: `run` (its folder), the settings that differ, the metrics.

    Each path is a run folder, a sweep folder, a folder of run folders, a glob of these, `latest`
    or `latest:3`; without any, the newest sweep. `where` keeps the runs that meet a condition,
    "temperature < 1 and scale == 'none'". `by` gives a row a group of runs with the same values of
    those settings, `over` a row a group of runs that differ in those alone ("seed"): for each
    metric its mean, `_se` (standard error), `_low` and `_high` (95 % bootstrap interval).

    Raises `Fault` (a ValueError) for a folder that holds no finished run.
    """
    import pandas as pd

    runs = chosen(find_runs(paths), where)
    is_grouped = by is not None or over is not None
    table = grouped(runs, columns_for(runs, by, over)).table if is_grouped else runs_table(runs)
    return pd.DataFrame(table.rows, columns=list(table.columns))


def load_weights(*paths: PathLike, where: str | None = None) -> pd.DataFrame:
    """The weights of runs as one DataFrame, a row a weight.

    Columns: `run`, the settings that differ, then those of weights.csv (`sentence, layer, head,
    query_position, query, key_position, key, weight`), tokens and numbers as they were computed,
    to the last bit. Paths and `where` as in `load_runs`.
    """
    return stacked(chosen(find_runs(paths), where), "weights.csv")


def load_metrics(*paths: PathLike, where: str | None = None) -> pd.DataFrame:
    """The metrics of every query of runs as one DataFrame, a row a query and a column a metric.

    Columns: `run`, the settings that differ, then those of metrics.csv. Paths and `where` as in
    `load_runs`.
    """
    return stacked(chosen(find_runs(paths), where), "metrics.csv")


def stacked(runs: Sequence[Run], name: str) -> pd.DataFrame:
    """One file of every run, one below another, beside the settings that differ."""
    import pandas as pd

    settings = differing(runs)
    frames = []
    for run in runs:
        frame = read_frame(run.files / name)
        told = {"run": run.name, **{setting: value_of(run, setting) for setting in settings}}
        for place, (column, value) in enumerate(told.items()):
            frame.insert(place, column, value)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def read_frame(path: Path) -> pd.DataFrame:
    """A CSV of a run folder: numbers to the last bit, tokens as they were."""
    import pandas as pd

    try:
        frame = pd.read_csv(
            path,
            dtype=dict.fromkeys(TEXTS, str),
            keep_default_na=False,  # "NA" and "null" are words
            na_values=[""],
            lineterminator="\n",
            encoding="utf-8",
        )
        texts = [column for column in TEXTS if column in frame.columns]
        if frame[texts].isna().any(axis=None):
            raise ValueError("rows are missing")
    except (OSError, ValueError) as error:
        raise Fault(f"compare: cannot read {path} ({error})") from error
    for column in texts:
        frame[column] = frame[column].map(unguard)
    return frame
