"""The weights and embeddings in the page, and the rule by which their runs are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.base.records import Array
from pipeline.compare.pair.difference import format_place
from pipeline.plots.parts.pca import fit
from pipeline.store.read.arrays import (
    Place,
    StoredEmbeddings,
    StoredWeights,
    read_points,
    read_weights,
)
from pipeline.store.read.retained import missing_weights
from pipeline.store.read.run import Run

MOST_RUNS = 1000  # runs whose weights are all in the page
SAMPLE = 64  # of a table of more, runs whose weights are
MOST_BYTES = 48_000_000  # of their weights.csv and embeddings.csv together
MOST_TOKENS = 128  # of a sentence; longer ones are left out
DIGITS = 6  # significant ones, of weights and points

Vectors = dict[Place, StoredEmbeddings]


@dataclass(frozen=True, eq=False)
class Payload:
    """What the heatmaps and the displacement plot draw."""

    chosen: tuple[int, ...]  # indices of the runs in the table
    rule: str  # by which they are chosen, in a sentence
    sentences: list[str]  # with their layers, in words
    layers: list[int]  # of each of them
    attended: dict[int, list[int]]  # run → all its sentences in order, long ones included
    pictures: list[dict[str, Any]]
    planes: list[dict[str, Any]]


def build_payload(runs: Sequence[Run]) -> Payload:
    """The weights of as many runs as fit, spread evenly over the table."""
    chosen = choose_runs(runs)
    weights = {run: read_weights(runs[run].source_folder) for run in chosen}
    vectors = {run: vectors_of(runs[run]) for run in chosen}
    places = list(dict.fromkeys(place for found in weights.values() for place in found))
    number = {place: k for k, place in enumerate(places)}
    drawn = {(run, place): one for run, found in weights.items() for place, one in found.items()
             if is_short(one)}  # fmt: skip
    planes, moves = displaced(vectors, {place for _, place in drawn})
    made = [
        {
            "run": run,
            "sentence": number[place],
            "queries": list(one.queries),
            "keys": list(one.keys),
            "weights": rounded(one.values.ravel()),
            "moved": moves.get((run, place)),
        }
        for (run, place), one in drawn.items()
    ]
    return Payload(
        chosen=chosen,
        rule=selection_rule(len(runs), len(chosen)),
        sentences=[format_place(place) for place in places],
        layers=[layer for _, layer in places],
        attended={run: [number[place] for place in found] for run, found in weights.items()},
        pictures=made,
        planes=planes,
    )


def choose_runs(runs: Sequence[Run]) -> tuple[int, ...]:
    """Evenly spaced runs, as many as the files may weigh; the first and the last among them."""
    sizes = {i: size for i, run in enumerate(runs) if (size := size_of(run))}
    most = len(sizes) if len(runs) <= MOST_RUNS else SAMPLE
    count = min(most, MOST_BYTES // max(sizes.values(), default=1), len(sizes))
    kept = list(sizes)
    return tuple(kept[round(place)] for place in np.linspace(0, len(kept) - 1, count).tolist())


def size_of(run: Run) -> int:
    """The bytes of what a run's pictures are read from; 0 where it did not keep all weights."""
    if missing_weights([run]):
        return 0
    files = (run.source_folder / "weights.csv", run.source_folder / "embeddings.csv")
    return sum(f.stat().st_size for f in files if f.exists()) if files[0].exists() else 0


def selection_rule(total: int, chosen: int) -> str:
    """What is in the page and what is not."""
    if chosen == total:
        many = "the weights of all runs are"
    elif not chosen:
        many = "no weights are"
    else:
        many = f"the weights of {chosen} of the {total:,} runs, spread evenly over the table, are"
    megabytes = MOST_BYTES // 1_000_000
    return (
        f"{many[0].upper()}{many[1:]} in this page, to {DIGITS} digits: of all where there are up "
        f"to {MOST_RUNS:,} runs, of {SAMPLE} beyond, in {megabytes} MB of their files at most; and "
        f"sentences up to {MOST_TOKENS} tokens. "
        "The runs' folders hold what was kept."
    )


def is_short(one: StoredWeights) -> bool:
    """Whether a sentence's weights are in the page."""
    return max(len(one.queries), len(one.keys)) <= MOST_TOKENS


def vectors_of(run: Run) -> Vectors:
    """The static and contextual vectors of a run, by sentence and layer."""
    return read_points(run.source_folder) if (run.source_folder / "embeddings.csv").exists() else {}


def displaced(
    vectors: dict[int, Vectors], places: set[Place]
) -> tuple[list[dict[str, Any]], dict[tuple[int, Place], dict[str, Any]]]:
    """One plane for all runs of a sentence and a width, fitted on their static vectors."""
    groups: dict[tuple[Place, int], list[int]] = {}
    for run, found in vectors.items():
        for place, points in found.items():
            if place in places and len(points.static) > 1:
                groups.setdefault((place, points.static.shape[1]), []).append(run)
    planes: list[dict[str, Any]] = []
    moves: dict[tuple[int, Place], dict[str, Any]] = {}
    for (place, _), members in groups.items():
        distinct = {(v := vectors[run][place].static).tobytes(): v for run in members}
        basis = fit(np.concatenate(list(distinct.values())))
        for run in members:
            points = vectors[run][place]
            moves[run, place] = {
                "plane": len(planes),
                "static": [rounded(point) for point in basis.project(points.static)],
                "contextual": [rounded(point) for point in basis.project(points.contextual)],
                "cross": points.is_cross,
            }
        planes.append({"explained": rounded(basis.explained)})
    return planes, moves


def rounded(values: Array) -> list[float]:
    """Numbers to DIGITS significant digits.

    >>> rounded(np.array([0.123456789, 2.0]))
    [0.123457, 2.0]
    """
    return [float(f"{value:.{DIGITS}g}") for value in values.tolist()]
