"""Rows without run folders: a sweep's finished runs in Parquet, a few thousand a file.

Each shard is a stretch of the plan, so that the files do not depend on the order in which runs
ended. All of them are made from the ledger; one that is killed on the way is made again.
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

ROWS = 4096  # points of the plan that a shard stands for
Column = list[Any]


def write_shards(points: Sequence[Point], entries: Mapping[str, Entry], folder: Path) -> None:
    """rows/00000.parquet and so on, of the points that are done."""
    made: list[str] = []  # the runs by their place in the plan
    types = types_of(points)
    for first in range(0, len(points), ROWS):
        kept = []
        for point in (points[at] for at in range(first, min(first + ROWS, len(points)))):
            made.append(point.folder)
            same_as = "" if point.same_as is None else made[point.same_as]
            entry = entries.get(same_as or point.folder, {"status": ""})
            if entry["status"] == "done":
                kept.append((point, same_as, entry))
        if kept:
            write_parquet(folder / "rows" / f"{first // ROWS:05}.parquet", columns_of(kept, types))


def types_of(points: Sequence[Point]) -> dict[str, str]:
    """The type of each varied setting's column, one for all shards.

    >>> column_type([1, 2.5]), column_type([True]), column_type([1, "none"])
    ('float64', 'bool', 'string')
    """
    values: dict[str, set[Any]] = {}
    for point in points:
        for name, value in point.varied.items():
            values.setdefault(name, set()).add((type(value), value))
    return {name: column_type([value for _, value in found]) for name, found in values.items()}


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
    """The columns of a shard: what varies, the scalars, and all settings, a section a column."""
    import pyarrow as pa

    points, same_as, told = zip(*rows, strict=True)
    jobs = [point.job for point in points]
    settings = [job.config.settings() for job in jobs]
    metrics = dict.fromkeys(name for entry in told for name in entry["scalars"])
    return {
        "run": pa.array([point.folder for point in points]),
        "same_as": pa.array(same_as),
        "key": pa.array([point.key for point in points]),
        **{name: pa.array(varied(points, name, kind), kind) for name, kind in types.items()},
        **{name: pa.array([e["scalars"].get(name) for e in told], "float64") for name in metrics},
        **{f"settings.{name}": texts([one[name] for one in settings]) for name in settings[0]},
        "choices": texts([dict(job.choices) for job in jobs]),
        "vectors": texts([entry["vectors"] for entry in told]),
        "notices": texts([entry["notices"] for entry in told]),
    }


def varied(points: Sequence[Point], name: str, type_name: str) -> Column:
    """One setting's values, as text where their types are mixed."""
    values = [point.varied[name] for point in points]
    if type_name != "string":
        return values
    return [format_value(value) for value in values]


def texts(values: Sequence[Any]) -> Any:
    """Values as JSON, of which there are few different ones."""
    import pyarrow as pa

    return pa.array([canonical_json(value) for value in values]).dictionary_encode()
