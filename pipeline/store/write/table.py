"""Tables as files: CSV, JSON and Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.base.serialize import to_json
from pipeline.base.tables import LongTable, Table
from pipeline.store.atomic import temporary_path, write_file
from pipeline.store.write.csv import csv_lines
from pipeline.store.write.csv_arrow import arrow_csv

ARROW_ROWS = 20_000  # rows from which it pays to start Arrow


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    """Columns of equal length, Arrow arrays, as a Parquet file; equal columns give equal bytes."""
    import pyarrow as pa
    from pyarrow import parquet

    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.table(dict(columns)), buffer, compression="zstd")
    write_file(path, buffer.getvalue().to_pybytes())


def write_csv(path: Path, table: Table | LongTable) -> None:
    """A table as UTF-8 CSV; a float in the shortest form that reads back to the same float."""
    if isinstance(table, LongTable) and table.count > ARROW_ROWS:
        with temporary_path(path) as part, part.open("wb") as file:
            file.writelines(line.encode() for line in csv_lines([table.columns]))
            file.writelines(map(arrow_csv, table.parts()))
    else:
        write_file(path, "".join(csv_lines([table.columns, *table.rows])))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Indented JSON in UTF-8; an undefined number is null."""
    write_file(path, to_json(content) + "\n")
