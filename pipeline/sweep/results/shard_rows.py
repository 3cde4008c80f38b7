"""Rows without run folders: a sweep's finished runs in Parquet, a few thousand per file.

Each file (shard) holds neighbors of the plan, so that the files do not depend on the order in which
runs ended. All are made from the ledger; one that was interrupted is made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.base.values import format_value
from pipeline.store.key import canonical_json
from pipeline.store.write.table import write_parquet
from pipeline.sweep.entries import Entry
from pipeline.sweep.plan.grid import Point

ROWS = 4096  # points of the plan per shard
Column = list[Any]


def write_shards(points: Sequence[Point], entries: Mapping[str, Entry], folder: Path) -> None:
    """rows/00000.parquet and so on, of the points that are done."""
    runs: list[str] = []  # by their index in the plan
    types = types_of(points)
    for first in range(0, len(points), ROWS):
        done = []
        for point in points[first : first + ROWS]:
            runs.append(point.folder)
            same_as = "" if point.same_as is None else runs[point.same_as]
            entry = entries.get(same_as or point.folder, {"status": ""})
            if entry["status"] == "done":
                done.append((point, same_as, entry))
        if done:
            write_parquet(folder / "rows" / f"{first // ROWS:05}.parquet", columns_of(done, types))


def types_of(points: Sequence[Point]) -> dict[str, str]:
    """The type of each varied setting's column, one for all shards.

    >>> column_type([1, 2.5]), column_type([True]), column_type([1, "none"])
    ('float64', 'bool', 'string')
    """
    values: dict[str, set[Any]] = {}
    for point in points:
        for name, value in point.varied.items():
            values.setdefault(name, set()).add((type(value), value))
    return {name: column_type([value for _, value in pairs]) for name, pairs in values.items()}


def column_type(values: Sequence[Any]) -> str:
    """The narrowest type that holds all values as they are, text otherwise."""
    types = {type(value) for value in values}
    for name, fitting in (("bool", {bool}), ("int64", {int}), ("float64", {int, float})):
        if types <= fitting:
            return name
    return "string"


def columns_of(
    rows: Sequence[tuple[Point, str, Entry]], types: Mapping[str, str]
) -> dict[str, Any]:
    """The columns of a shard: what varies, the scalars, and one column per section of settings."""
    import pyarrow as pa

    points, same_as, entries = zip(*rows, strict=True)
    jobs = [point.job for point in points]
    settings = [job.config.settings() for job in jobs]
    metrics = dict.fromkeys(name for entry in entries for name in entry["scalars"])
    return {
        "run": pa.array([point.folder for point in points]),
        "same_as": pa.array(same_as),
        "key": pa.array([point.key for point in points]),
        **{name: pa.array(varied(points, name, kind), kind) for name, kind in types.items()},
        **{
            name: pa.array([e["scalars"].get(name) for e in entries], "float64") for name in metrics
        },
        **{
            f"settings.{name}": json_column([config[name] for config in settings])
            for name in settings[0]
        },
        "choices": json_column([dict(job.choices) for job in jobs]),
        "vectors": json_column([entry["vectors"] for entry in entries]),
        "notices": json_column([entry["notices"] for entry in entries]),
    }


def varied(points: Sequence[Point], name: str, type_name: str) -> Column:
    """One setting's values, as text where their types are mixed."""
    values = [point.varied[name] for point in points]
    if type_name != "string":
        return values
    return [format_value(value) for value in values]


def json_column(values: Sequence[Any]) -> Any:
    """Values as JSON, dictionary-encoded as few are distinct."""
    import pyarrow as pa

    return pa.array([canonical_json(value) for value in values]).dictionary_encode()
