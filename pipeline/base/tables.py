"""Tables: rows or columns of plain values, ready to be written as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

from pipeline.base.records import Array, Positions


@dataclass(frozen=True, eq=False)
class Table:
    """Columns by name and rows of plain values, ready to be written as CSV."""

    columns: Sequence[str]  # what each value of a row is
    rows: Sequence[Sequence[object]]  # each as long as columns


@dataclass(frozen=True, eq=False)
class DictColumn:
    """A column whose values are some of a few, such as the tokens of a sentence."""

    values: Sequence[object]  # such as tokens, each once
    indices: Positions  # [R], row r has choices[places[r]]


Column = str | int | DictColumn | Array  # one value for all rows, some of a few, or numbers [R]


@dataclass(frozen=True, eq=False)
class LongTable:
    """A table that may have millions of rows, made a part at a time and a column at a time."""

    columns: Sequence[str]  # what each column holds
    count: int  # of all rows
    parts: Callable[[], Iterator[Sequence[Column]]]  # each part: its columns, of equal length

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """All rows as plain values, for a table that is small after all."""
        return [
            row for part in self.parts() for row in zip(*map(column_values, part), strict=False)
        ]


def column_values(column: Column) -> Iterable[object]:
    """The values of a column, row by row; of a single value without end.

    >>> list(column_values(DictColumn(["a", "b"], np.array([1, 1, 0]))))
    ['b', 'b', 'a']
    """
    if isinstance(column, str | int):
        return repeat(column)
    if isinstance(column, DictColumn):
        return [column.values[place] for place in column.indices.tolist()]
    return column.tolist()
