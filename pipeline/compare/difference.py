"""The difference of two runs: their weights subtracted, sentence by sentence."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.compare.read import Run
from pipeline.faults import Fault
from pipeline.plots.difference import difference
from pipeline.records import Array, Drawing


@dataclass(frozen=True, eq=False)
class Weights:
    """One sentence's weights, as read from weights.csv."""

    queries: tuple[str, ...]  # [N]
    keys: tuple[str, ...]  # [M]
    values: Array  # [H, N, M]

    def fits(self, other: Weights) -> bool:
        """Whether the two are of the same tokens and as many heads."""
        mine, theirs = ((w.queries, w.keys, w.values.shape) for w in (self, other))
        return mine == theirs


def read_weights(folder: Path) -> dict[str, Weights]:
    """Sentence → its weights."""
    try:
        with (folder / "weights.csv").open(encoding="utf-8", newline="") as file:
            by_sentence: dict[str, list[dict[str, str]]] = {}
            for row in csv.DictReader(file):
                by_sentence.setdefault(row["sentence"], []).append(row)
        return {sentence: gathered(rows) for sentence, rows in by_sentence.items()}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Fault(f"compare: cannot read {folder}/weights.csv ({error})") from error


def gathered(rows: Sequence[Mapping[str, str]]) -> Weights:
    """The rows of one sentence as its tokens and a matrix a head."""
    axes = ("head", "query_position", "key_position")
    values = np.full([max(int(row[axis]) for row in rows) + 1 for axis in axes], np.nan)
    queries: dict[int, str] = {}
    keys: dict[int, str] = {}
    for row in rows:
        head, i, j = (int(row[axis]) for axis in axes)
        values[head, i, j] = float(row["weight"])
        queries[i], keys[j] = row["query"], row["key"]
    if np.isnan(values).any():
        raise ValueError("rows are missing")
    return Weights(in_order(queries), in_order(keys), values)


def in_order(tokens: Mapping[int, str]) -> tuple[str, ...]:
    """Tokens by position as a row of them."""
    return tuple(tokens[place] for place in sorted(tokens))


def differences(before: Run, after: Run, title: str) -> Iterator[tuple[str, Drawing]]:
    """A drawing of after − before for each sentence that both runs attended to."""
    one, two = read_weights(before.folder), read_weights(after.folder)
    for sentence, weights in one.items():
        other = two.get(sentence)
        if other and weights.fits(other):
            change = other.values - weights.values
            drawing = difference(change, weights.queries, weights.keys, title)
            yield f"difference_{sentence}", drawing
