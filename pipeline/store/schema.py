"""The tables of a run folder: the columns that each must have, and those that it may have.

Writers take their header from here and readers what to expect. A new column is one more name in
`optional`, and the value that `write/tables.py` puts there: older files read as before, without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FORMAT = 2  # of the run folders that are written
FORMATS = (1, 2)  # that are read


@dataclass(frozen=True)
class Schema:
    """A table's columns. Columns of any other name may follow, such as one per metric."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()  # written today; a file of an older version lacks them

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order in which they are written."""
        return (*self.required, *self.optional)

    def missing(self, columns: Iterable[str]) -> list[str]:
        """The required columns that are not among these.

        >>> Schema(("head", "weight"), ("rank",)).missing(["head", "more"])
        ['weight']
        """
        known = set(columns)
        return [name for name in self.required if name not in known]


HEAD = ("sentence", "layer", "head")
QUERY = ("query_position", "query")
KEY = ("key_position", "key")

WEIGHTS = Schema((*HEAD, *QUERY, *KEY, "weight"))
STAGES = Schema(("stage", *HEAD, *QUERY, *KEY, "logit"))
KEYS = Schema((*HEAD, *KEY, "mass", "uniform"))
METRICS = Schema((*HEAD, *QUERY))  # then a column per metric, and one per value of it when uniform
HEADS = Schema(HEAD)  # then a column per metric by head
EMBEDDINGS = Schema(("sentence", "layer", "position", "token", "embedding"))  # then x0, x1, …

TABLES: dict[str, Schema] = {
    "weights.csv": WEIGHTS,
    "stages.csv": STAGES,
    "keys.csv": KEYS,
    "metrics.csv": METRICS,
    "heads.csv": HEADS,
    "embeddings.csv": EMBEDDINGS,
}
TEXT_COLUMNS = ("stage", "sentence", "query", "key", "token", "embedding")  # the others: numbers
