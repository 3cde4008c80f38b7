"""The weights and embeddings of a run as arrays, read back from its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pipeline.base.records import Array, Mask, Positions
from pipeline.store.read.csv import (
    buffer_entries,
    read_numbers,
    read_table,
    read_texts,
    unreadable_file,
)
from pipeline.store.write.csv import unguard

Place = tuple[str, int]  # sentence, layer
Value = TypeVar("Value")
AXES = ("query", "key")


@dataclass(frozen=True, eq=False)
class StoredWeights:
    """One sentence's weights in one layer."""

    queries: tuple[str, ...]  # [N]
    keys: tuple[str, ...]  # [M]
    values: Array  # [H, N, M]


@dataclass(frozen=True, eq=False)
class StoredEmbeddings:
    """One sentence's embeddings in one layer."""

    static: Array  # [N, E] each token's own; [M, E] each key's in cross-attention
    contextual: Array  # [N, E] where attention takes each query
    is_cross: bool  # the static ones are the keys', and no query starts anywhere


def read_weights(folder: Path) -> dict[Place, StoredWeights]:
    """(sentence, layer) → its weights."""
    return by_sentence_and_layer(folder / "weights.csv", weights_from_rows)


def read_points(folder: Path) -> dict[Place, StoredEmbeddings]:
    """(sentence, layer) → its embeddings before and after attention."""
    return by_sentence_and_layer(folder / "embeddings.csv", points_from_rows)


def by_sentence_and_layer(path: Path, convert: Callable[[Any], Value]) -> dict[Place, Value]:
    """The rows of each sentence and layer, converted, in the order of the file."""
    table = read_table(path)
    try:
        names = table["sentence"].combine_chunks()
        sentences, layers = read_texts(names.dictionary), read_numbers(table, "layer")
        place = buffer_entries(names.indices) * (layers.max(initial=0) + 1) + layers
        _, first, rows = np.unique(place, return_index=True, return_inverse=True)
        found = {}
        for part in np.argsort(first):
            row = int(first[part])
            key = sentences[names.indices[row].as_py()], int(layers[row])
            found[key] = convert(select_rows(table, rows == part) if len(first) > 1 else table)
    except (TypeError, ValueError, IndexError) as error:
        raise unreadable_file(path, error) from error
    return found


def select_rows(table: Any, wanted: Mask) -> Any:
    """The rows that are wanted; a view where they stand together, as they are written."""
    first, count = int(wanted.argmax()), int(np.count_nonzero(wanted))
    together = wanted[first : first + count].all()
    return table.slice(first, count) if together else table.filter(wanted)


def weights_from_rows(rows: Any) -> StoredWeights:
    """The rows of one sentence as its tokens and one matrix per head."""
    places = tuple(read_numbers(rows, a) for a in ("head", "query_position", "key_position"))
    weights = read_numbers(rows, "weight").astype(float)
    values = np.full([int(place.max()) + 1 for place in places], np.nan)
    values[places] = weights
    queries, keys = (
        tokens_by_position(place, rows[a]) for place, a in zip(places[1:], AXES, strict=True)
    )
    if np.isnan(values).any() or values.shape[1:] != (len(queries), len(keys)):
        raise ValueError("rows are missing")
    if (values < 0).any():
        raise ValueError("a weight is below 0")
    return StoredWeights(queries, keys, values)


def tokens_by_position(positions: Positions, names: Any) -> tuple[str, ...]:
    """The tokens of an axis in order of position."""
    first = np.unique(positions, return_index=True)[1]
    return tuple(unguard(names[int(row)].as_py()) for row in first)


def points_from_rows(rows: Any) -> StoredEmbeddings:
    """The rows of one sentence as two arrays."""
    columns = [name for name in rows.column_names if name[:1] == "x" and name[1:].isdigit()]
    vectors = np.stack([read_numbers(rows, name) for name in columns], axis=1).astype(float)
    kinds, tokens = (np.array(rows[name].to_pylist()) for name in ("embedding", "token"))
    order = np.argsort(read_numbers(rows, "position"), kind="stable")
    static, contextual = (order[kinds[order] == kind] for kind in ("static", "contextual"))
    is_cross = not np.array_equal(tokens[static], tokens[contextual])
    return StoredEmbeddings(vectors[static], vectors[contextual], is_cross)


def scatter_keys(values: Array, places: Sequence[int], count: int) -> Array:
    """[..., M] → [..., count], entry j at places[j], zero elsewhere.

    >>> scatter_keys(np.array([1.0, 2.0]), [2, 0], 3).tolist()
    [2.0, 0.0, 1.0]
    """
    moved = np.zeros((*values.shape[:-1], count))
    moved[..., list(places)] = values
    return moved
