"""A CSV of a run folder as columns: numbers to the last bit, tokens as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.errors import UserError
from pipeline.store.read.older import current_column
from pipeline.store.schema import TABLES, TEXT_COLUMNS, Schema
from pipeline.store.write.csv import unguard

NUMBER_TYPES = {"int64": np.int64, "double": np.float64, "int32": np.int32}
ANY_COLUMNS = Schema(())


def read_table(path: Path) -> Any:
    """A table of a run folder as Arrow's; an empty cell is null, and so is a column it may lack.

    Columns have their names of today. Raises `UserError` where the file is torn, is not such a
    table, or lacks a column that its schema requires.
    """
    import pyarrow as pa
    from pyarrow import csv

    options: dict[str, Any] = {
        "read_options": csv.ReadOptions(use_threads=False),
        "parse_options": csv.ParseOptions(newlines_in_values=True),
        "convert_options": csv.ConvertOptions(
            null_values=[""],  # "NA" and "null" are words
            column_types={
                **dict.fromkeys(TEXT_COLUMNS, pa.string()),
                "sentence": pa.dictionary(pa.int32(), pa.string()),  # few, each of many rows
            },
        ),
    }
    try:
        table = csv.read_csv(path, **options).unify_dictionaries().combine_chunks()
    except (OSError, ValueError) as error:
        raise unreadable_file(path, str(error).partition("\n")[0]) from error
    table = table.rename_columns([current_column(name) for name in table.column_names])
    schema = TABLES.get(path.name, ANY_COLUMNS)
    for name in schema.missing(table.column_names):
        raise unreadable_file(path, f"no column {name!r}")
    for name in schema.optional:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table)))
    return table


def read_numbers(table: Any, name: str) -> npt.NDArray[Any]:
    """The numbers of a column, read-only; NaN where a cell is empty.

    Not by Arrow's `to_numpy`, which imports pandas: a quarter of a second in every sweep.
    """
    column = table[name]
    if str(column.type) not in (*NUMBER_TYPES, "null"):
        raise ValueError(f"column {name!r} has a value that is not a number")
    if column.null_count:
        return np.asarray(column.to_pylist(), dtype=float)
    return buffer_entries(column.combine_chunks())


def buffer_entries(array: Any) -> npt.NDArray[Any]:
    """An Arrow array of numbers as a view of its memory."""
    held = np.frombuffer(array.buffers()[1], NUMBER_TYPES[str(array.type)])
    return held[array.offset : array.offset + len(array)]


def read_texts(column: Any) -> list[str]:
    """The texts of a column as they were before `guard`."""
    return [unguard(cell) for cell in column.to_pylist()]


def unreadable_file(path: Path, why: object) -> UserError:
    """The error of a file that is not as a run writes it."""
    return UserError(f"compare: cannot read {path} ({why})")
