"""Tables: columns by name and rows of plain values, ready to be written as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

from pipeline.base.records import Array, Positions


@dataclass(frozen=True, eq=False)
class Table:
    """A table of at most some thousand rows, each a sequence of plain values."""

    columns: Sequence[str]  # the names
    rows: Sequence[Sequence[object]]  # each as long as columns


@dataclass(frozen=True, eq=False)
class DictColumn:
    """A column of few values that repeat, such as tokens: a dictionary column in Arrow's terms."""

    values: Sequence[object]  # each possible value
    indices: Positions  # [R], row r holds values[indices[r]]


Column = str | int | DictColumn | Array  # one value for all R rows, repeated values, or numbers [R]


@dataclass(frozen=True, eq=False)
class LongTable:
    """A table of up to millions of rows, made part by part, each part column by column."""

    columns: Sequence[str]  # the names
    count: int  # rows in all parts together
    parts: Callable[[], Iterator[Sequence[Column]]]  # makes the parts; columns of equal length

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """All rows as plain values, where there are few."""
        return [
            row for part in self.parts() for row in zip(*map(column_values, part), strict=False)
        ]


def column_values(column: Column) -> Iterable[object]:
    """The values of a column, row by row; a single value is repeated without end.

    >>> import numpy as np
    >>> list(column_values(DictColumn(["a", "b"], np.array([1, 1, 0]))))
    ['b', 'b', 'a']
    """
    if isinstance(column, str | int):
        return repeat(column)
    if isinstance(column, DictColumn):
        return [column.values[index] for index in column.indices.tolist()]
    return column.tolist()
