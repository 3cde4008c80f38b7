"""Stored tables: a CSV of a run folder as columns, numbers to the last bit, tokens as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.errors import UserError
from pipeline.store.write.csv import unguard

NUMBER_TYPES = {"int64": np.int64, "double": np.float64, "int32": np.int32}
TEXT_COLUMNS = ("sentence", "query", "key", "token", "embedding")  # columns that hold text


def read_table(path: Path) -> Any:
    """The file as a table of Arrow's; a number that is left out is null.

    Raises `UserError` where it is torn, or is no such file.
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
        return csv.read_csv(path, **options).unify_dictionaries().combine_chunks()
    except (OSError, ValueError) as error:
        raise unreadable_file(path, str(error).partition("\n")[0]) from error


def read_numbers(table: Any, name: str) -> npt.NDArray[Any]:
    """The numbers of a column, not to write to; NaN where one is left out.

    Without pandas, which Arrow's own way to NumPy imports: a quarter of a second of every sweep.
    """
    column = table[name]
    if str(column.type) not in (*NUMBER_TYPES, "null"):
        raise ValueError(f"column {name!r} holds what is no number")
    if column.null_count:
        return np.asarray(column.to_pylist(), dtype=float)
    return buffer_entries(column.combine_chunks())


def buffer_entries(array: Any) -> npt.NDArray[Any]:
    """The memory of an array of numbers of Arrow's."""
    held = np.frombuffer(array.buffers()[1], NUMBER_TYPES[str(array.type)])
    return held[array.offset : array.offset + len(array)]


def read_texts(column: Any) -> list[str]:
    """The texts of a column as they were before they were written."""
    return [unguard(cell) for cell in column.to_pylist()]


def unreadable_file(path: Path, why: object) -> UserError:
    """The fault of a file that is not what a run has written."""
    return UserError(f"compare: cannot read {path} ({why})")
