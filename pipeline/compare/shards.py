"""Shards → one record a run, for sweeps that keep rows and no run folders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline.compare.read import Run, flat
from pipeline.compare.shapes import MADE, read_json
from pipeline.faults import Fault
from pipeline.metrics import METRICS, names_in_a_run

SECTION = "settings."  # how the names of the columns of settings begin
ABOUT = ("vectors", "notices")


def has_shards(folder: Path) -> bool:
    """Whether a sweep's folder holds rows in place of run folders."""
    return any((folder / "rows").glob("*.parquet"))


def runs_of_shards(folder: Path) -> Iterator[Run]:
    """Every run of a sweep's shards, in the order of its plan."""
    record = read_json(folder / "plan.json", MADE)
    made = {name: record.get(name) for name in ("format", "code", "commit", "dirty", "versions")}
    for shard in sorted((folder / "rows").glob("*.parquet")):
        yield from runs_of(shard, folder, made)


def runs_of(shard: Path, folder: Path, made: Mapping[str, Any]) -> Iterator[Run]:
    """The runs of one shard."""
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(shard)
    except (OSError, ArrowException) as error:
        raise Fault(f"compare: cannot read {shard} ({error})") from error
    sections = [name for name in table.column_names if name.startswith(SECTION)]
    metrics = [name for name in table.column_names if name in names_in_a_run(METRICS)]
    for row in table.to_pylist():
        yield Run(
            folder / "runs" / row["run"],
            {k: v for name in sections for k, v in read_section(name, row[name]).items()},
            read(row["choices"]),
            {name: row[name] for name in metrics},
            {**made, "status": "done", "key": row["key"], **{n: read(row[n]) for n in ABOUT}},
            is_row=True,
        )


def settings_of_row(run: Path) -> dict[str, Any]:
    """The nested settings of one run, from the shards of its sweep."""
    from pyarrow import parquet

    table = parquet.read_table(run.parent.parent / "rows", filters=[("run", "==", run.name)])
    [row] = table.to_pylist()
    sections = [name for name in row if name.startswith(SECTION)]
    return {name.removeprefix(SECTION): json.loads(row[name]) for name in sections}


@lru_cache(maxsize=1 << 14)
def read_section(name: str, text: str) -> dict[str, Any]:
    """A section's settings under dotted names, read once for all runs that share it."""
    return flat({name.removeprefix(SECTION): json.loads(text)})


@lru_cache(maxsize=1 << 12)
def read(text: str) -> Any:
    """A value that many runs share."""
    return json.loads(text)
