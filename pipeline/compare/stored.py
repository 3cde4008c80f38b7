"""Stored tables: a CSV of a run folder as columns, numbers to the last bit, tokens as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.cells import unguard
from pipeline.faults import Fault

TEXTS = ("sentence", "query", "key", "token", "embedding")  # columns that hold text


def read_table(path: Path) -> Any:
    """The file as a table of Arrow's; a number that is left out is null.

    Raises `Fault` where it is torn, or is no such file.
    """
    import pyarrow as pa
    from pyarrow import csv

    options: dict[str, Any] = {
        "read_options": csv.ReadOptions(use_threads=False),
        "parse_options": csv.ParseOptions(newlines_in_values=True),
        "convert_options": csv.ConvertOptions(
            null_values=[""],  # "NA" and "null" are words
            column_types=dict.fromkeys(TEXTS, pa.string()),
        ),
    }
    try:
        return csv.read_csv(path, **options)
    except (OSError, ValueError) as error:
        raise unreadable(path, str(error).partition("\n")[0]) from error


def texts(column: Any) -> list[str]:
    """The texts of a column as they were before they were written."""
    return [unguard(cell) for cell in column.to_pylist()]


def unreadable(path: Path, why: object) -> Fault:
    """The fault of a file that is not what a run has written."""
    return Fault(f"compare: cannot read {path} ({why})")
