"""The difference of two runs: changed settings, metrics, and weights sentence by sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.compare.pair.sentence import SentenceDifference, subtract
from pipeline.compare.settings import differing, value_of
from pipeline.compare.table import metric_names, scalar
from pipeline.store.read.arrays import (
    Place,
    StoredEmbeddings,
    StoredWeights,
    read_points,
    read_weights,
)
from pipeline.store.read.retained import missing_weights
from pipeline.store.read.run import Run

NOT_SHARES = (
    "Rows of the {} do not sum to 1 in {}: they are compared as masses, so that total_variation "
    "and jensen_shannon are no shares and may pass 1 and ln 2."
)


@dataclass(frozen=True, eq=False)
class Change:
    """A setting or a metric in both runs."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, eq=False)
class Difference:
    """Two runs and everything in which they differ."""

    before: Run
    after: Run
    settings: tuple[Change, ...]  # the changed ones alone
    metrics: tuple[Change, ...]  # NaN where undefined
    sentences: tuple[SentenceDifference, ...]
    notes: tuple[str, ...]  # what could not be compared, and why


def difference(before: Run, after: Run) -> Difference:
    """`after` against `before`, from their folders."""
    pair = [before, after]
    settings = [Change(n, value_of(before, n), value_of(after, n)) for n in differing(pair)]
    metrics = [Change(n, scalar(before, n), scalar(after, n)) for n in metric_names(pair)]
    if why := missing_weights(pair):
        return Difference(before, after, tuple(settings), tuple(metrics), (), (why,))
    sentences, notes = compare_sentences(
        (read_weights(before.source_folder), read_weights(after.source_folder)),
        (read_points(before.source_folder), read_points(after.source_folder)),
    )
    return Difference(
        before, after, tuple(settings), tuple(metrics), tuple(sentences), tuple(notes)
    )


def compare_sentences(
    weights: tuple[Mapping[Place, StoredWeights], Mapping[Place, StoredWeights]],
    points: tuple[Mapping[Place, StoredEmbeddings], Mapping[Place, StoredEmbeddings]],
) -> tuple[list[SentenceDifference], list[str]]:
    """Every sentence that both runs have, and a line for each that could not be compared."""
    pairs, notes = pair_sentences(*weights)
    found = []
    for place, other in pairs:
        a, b = weights[0][place], weights[1][other]
        if len(a.values) != len(b.values):
            heads = f"{len(a.values)} against {len(b.values)} heads"
            notes.append(f"Weights of {format_place(place)} not subtracted: {heads}.")
            continue
        sentence = subtract(place, a, b, (points[0].get(place), points[1].get(other)))
        if short := [side for side, w in (("baseline", a), ("run", b)) if not are_shares(w)]:
            notes.append(NOT_SHARES.format(" and ".join(short), format_place(place)))
        if sentence.queries and sentence.keys:
            found.append(sentence)
        else:
            notes.append(f"Weights of {format_place(place)} not subtracted: no token in common.")
    return found, notes


def are_shares(weights: StoredWeights) -> bool:
    """Whether every row sums to 1, or to nothing where all its keys are masked."""
    sums = weights.values.sum(axis=-1)
    return bool((np.isclose(sums, 1.0, atol=1e-5) | (sums == 0.0)).all())


def pair_sentences(
    one: Mapping[Place, StoredWeights], two: Mapping[Place, StoredWeights]
) -> tuple[list[tuple[Place, Place]], list[str]]:
    """Sentences of one name as pairs, then the rest in order; and a line for each left over."""
    pairs = [(place, place) for place in one if place in two]
    rest, others = (
        [p for p in these if p not in those] for these, those in ((one, two), (two, one))
    )
    for layer in dict.fromkeys(layer for _, layer in rest):
        mine, theirs = ([p for p in places if p[1] == layer] for places in (rest, others))
        pairs += zip(mine, theirs, strict=False)
    left, right = {mine for mine, _ in pairs}, {theirs for _, theirs in pairs}
    unpaired = [
        *((place, "baseline") for place in one if place not in left),
        *((place, "run") for place in two if place not in right),
    ]
    return pairs, [
        f"Weights of {format_place(p)} not subtracted: only in the {w}." for p, w in unpaired
    ]


def format_place(place: Place) -> str:
    """A sentence, and its layer where it is not the first."""
    return place[0] + (f", layer {place[1]}" if place[1] else "")
