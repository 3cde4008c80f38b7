"""A few rows at a time, where a temporary array of all rows would be slow to allocate."""

from __future__ import annotations

from collections.abc import Iterator

# Larger arrays are allocated anew by the system each time, which takes longer than filling them.
CHUNK_ENTRIES = 1 << 19


def row_chunks(rows: int, width: int) -> Iterator[slice]:
    """Slices of the rows, each of at most CHUNK_ENTRIES entries, or of one row.

    >>> list(row_chunks(3, 1 << 18))
    [slice(0, 2, None), slice(2, 4, None)]
    """
    count = max(1, CHUNK_ENTRIES // width)
    return (slice(first, first + count) for first in range(0, rows, count))
