"""Parquet shards → runs, for sweeps that keep rows and no run folders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.base.errors import UserError
from pipeline.metrics import METRICS, run_scalar_names
from pipeline.store.read.json import Provenance, read_json
from pipeline.store.read.older import current_column, current_settings
from pipeline.store.read.run import Run
from pipeline.store.read.settings import flatten

SECTION = "settings."  # how the names of the columns of settings begin
SHARED = ("vectors", "notices")


def has_shards(folder: Path) -> bool:
    """Whether a sweep's folder holds rows in place of run folders."""
    return any((folder / "rows").glob("*.parquet"))


def runs_of_shards(folder: Path) -> Iterator[Run]:
    """Every run of a sweep's shards, in the order of its plan."""
    record = read_json(folder / "plan.json", Provenance)
    made = {name: record.get(name) for name in ("format", "code", "commit", "dirty", "versions")}
    for shard in sorted((folder / "rows").glob("*.parquet")):
        yield from runs_of(shard, folder, made)


def runs_of(shard: Path, folder: Path, made: Mapping[str, Any]) -> Iterator[Run]:
    """The runs of one shard."""
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(shard)
    except (OSError, ArrowException) as error:
        raise UserError(f"compare: cannot read {shard} ({error})") from error
    sections = [name for name in table.column_names if name.startswith(SECTION)]
    known = run_scalar_names(METRICS)
    metrics = {name: current_column(name) for name in table.column_names}
    metrics = {name: today for name, today in metrics.items() if today in known}
    for row in table.to_pylist():
        yield Run(
            folder / "runs" / row["run"],
            current_settings(
                {k: v for name in sections for k, v in parse_section(name, row[name]).items()}
            ),
            parse_json(row["choices"]),
            {today: row[name] for name, today in metrics.items()},
            {
                **made,
                "status": "done",
                "key": row["key"],
                **{n: parse_json(row[n]) for n in SHARED},
            },
            from_table=True,
        )


def settings_of_row(run: Path) -> dict[str, Any]:
    """The nested settings of one run, from the shards of its sweep."""
    from pyarrow import parquet

    table = parquet.read_table(run.parent.parent / "rows", filters=[("run", "==", run.name)])
    [row] = table.to_pylist()
    sections = [name for name in row if name.startswith(SECTION)]
    return {name.removeprefix(SECTION): json.loads(row[name]) for name in sections}


@lru_cache(maxsize=1 << 14)
def parse_section(name: str, text: str) -> dict[str, Any]:
    """A section's settings under dotted names, read once for all runs that share it."""
    return flatten({name.removeprefix(SECTION): json.loads(text)})


@lru_cache(maxsize=1 << 12)
def parse_json(text: str) -> Any:
    """A value that many runs share."""
    return json.loads(text)
