"""Strips: rows a few at a time, where what is made beside them would be too much at once."""

from __future__ import annotations

from collections.abc import Iterator

CHUNK_ENTRIES = (
    1 << 19
)  # entries; larger arrays are fresh memory each time, which takes longer than to fill


def row_chunks(rows: int, width: int) -> Iterator[slice]:
    """Slices of the rows, each of at most STRIP entries or one row.

    >>> list(row_chunks(3, 1 << 18))
    [slice(0, 2, None), slice(2, 4, None)]
    """
    count = max(1, CHUNK_ENTRIES // width)
    return (slice(first, first + count) for first in range(0, rows, count))
