"""The difference of two runs: their weights subtracted, sentence by sentence."""

from __future__ import annotations

import csv
from collections.abc import Iterator
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

    tokens: tuple[str, ...]  # [N]
    values: Array  # [H, N, M]


def read_weights(folder: Path) -> dict[str, Weights]:
    """Sentence → its weights."""
    try:
        with (folder / "weights.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise Fault(f"compare: cannot read {folder}/weights.csv ({error.strerror})") from error
    found: dict[str, Weights] = {}
    for sentence in dict.fromkeys(row["sentence"] for row in rows):
        own = [row for row in rows if row["sentence"] == sentence]
        shape = tuple(
            max(int(row[axis]) for row in own) + 1
            for axis in ("head", "query_position", "key_position")
        )
        values = np.full(shape, np.nan)
        tokens: dict[int, str] = {}
        for row in own:
            head, i, j = int(row["head"]), int(row["query_position"]), int(row["key_position"])
            values[head, i, j] = float(row["weight"])
            tokens[i] = row["query"]
        found[sentence] = Weights(tuple(tokens[i] for i in sorted(tokens)), values)
    return found


def differences(before: Run, after: Run, title: str) -> Iterator[tuple[str, Drawing]]:
    """A drawing of after − before for each sentence that both runs attended to."""
    one, two = read_weights(before.folder), read_weights(after.folder)
    for sentence, weights in one.items():
        other = two.get(sentence)
        if other and (other.tokens, other.values.shape) == (weights.tokens, weights.values.shape):
            drawing = difference(other.values - weights.values, weights.tokens, title)
            yield f"difference_{sentence}", drawing
