"""The weights and embeddings of a run as arrays, read back from its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.compare.frames import read_frame
from pipeline.faults import Fault
from pipeline.records import Array

if TYPE_CHECKING:
    import pandas as pd

Place = tuple[str, int]  # sentence, layer


@dataclass(frozen=True, eq=False)
class Weights:
    """One sentence's weights in one layer."""

    queries: tuple[str, ...]  # [N]
    keys: tuple[str, ...]  # [M]
    values: Array  # [H, N, M]


@dataclass(frozen=True, eq=False)
class Points:
    """One sentence's embeddings in one layer."""

    static: Array  # [N, E] each token's own; [M, E] each key's in cross-attention
    contextual: Array  # [N, E] where attention takes each query
    is_cross: bool  # the static ones are the keys', and no query starts anywhere


def read_weights(folder: Path) -> dict[Place, Weights]:
    """(sentence, layer) → its weights."""
    path = folder / "weights.csv"
    return {place: gathered(part, path) for place, part in by_place(read_frame(path), path)}


def by_place(frame: pd.DataFrame, path: Path) -> list[tuple[Place, pd.DataFrame]]:
    """The rows of each sentence and layer, in the order of the file."""
    try:
        parts: Any = frame.groupby(["sentence", "layer"], sort=False)
        return [((str(name), int(layer)), part) for (name, layer), part in parts]
    except (KeyError, ValueError) as error:
        raise Fault(f"compare: cannot read {path} (no column {error})") from error


def gathered(rows: pd.DataFrame, path: Path) -> Weights:
    """The rows of one sentence as its tokens and a matrix a head."""
    try:
        places = tuple(np.asarray(rows[a]) for a in ("head", "query_position", "key_position"))
        weights = np.asarray(rows["weight"], dtype=float)
        values = np.full([int(place.max()) + 1 for place in places], np.nan)
        values[places] = weights
        queries, keys = (tokens(rows[f"{a}_position"], rows[a]) for a in ("query", "key"))
    except (KeyError, ValueError, IndexError) as error:
        raise Fault(f"compare: cannot read {path} ({error})") from error
    if np.isnan(values).any() or values.shape[1:] != (len(queries), len(keys)):
        raise Fault(f"compare: cannot read {path} (rows are missing)")
    return Weights(queries, keys, values)


def tokens(positions: pd.Series[Any], names: pd.Series[Any]) -> tuple[str, ...]:
    """The tokens of an axis in order of position."""
    first = dict(zip(positions.tolist(), names.tolist(), strict=True))
    return tuple(str(first[k]) for k in sorted(first))


def read_points(folder: Path) -> dict[Place, Points]:
    """(sentence, layer) → its embeddings before and after attention."""
    path = folder / "embeddings.csv"
    return {place: points(part, path) for place, part in by_place(read_frame(path), path)}


def points(rows: pd.DataFrame, path: Path) -> Points:
    """The rows of one sentence as two arrays."""
    entries = [name for name in rows.columns if name[:1] == "x" and name[1:].isdigit()]

    try:
        static, contextual = (
            rows[rows["embedding"] == kind].sort_values("position")
            for kind in ("static", "contextual")
        )
        return Points(
            static[entries].to_numpy(dtype=float),
            contextual[entries].to_numpy(dtype=float),
            static["token"].tolist() != contextual["token"].tolist(),
        )
    except (KeyError, ValueError) as error:
        raise Fault(f"compare: cannot read {path} ({error})") from error


def spread(values: Array, places: Sequence[int], count: int) -> Array:
    """[..., M] → [..., count], entry j at places[j], zero elsewhere.

    >>> spread(np.array([1.0, 2.0]), [2, 0], 3).tolist()
    [2.0, 0.0, 1.0]
    """
    moved = np.zeros((*values.shape[:-1], count))
    moved[..., list(places)] = values
    return moved
