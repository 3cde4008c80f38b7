"""One sentence in two runs: the weights of shared tokens, and the distances between rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.base.records import Array
from pipeline.compare.pair.align import Alignment, align
from pipeline.compare.pair.distances import DISTANCES
from pipeline.store.read.arrays import Place, StoredEmbeddings, StoredWeights, scatter_keys

UNCHANGED = 1e-12  # a change of a weight up to this is rounding
MAX_CHANGES = 100  # token pairs that are kept of a sentence


@dataclass(frozen=True, eq=False)
class Unpaired:
    """A token that only one of the sentences has."""

    run: str  # before or after
    axis: str  # query or key
    position: int
    token: str


@dataclass(frozen=True, eq=False)
class SentenceDifference:
    """One sentence in one layer of both runs.

    N and M are the queries and keys that both have; where they stand in each is in the alignments.
    """

    name: str  # of the sentence before
    layer: int
    queries: tuple[str, ...]  # [N]
    keys: tuple[str, ...]  # [M]
    of_queries: Alignment
    of_keys: Alignment
    before: Array  # [H, N, M]
    after: Array  # [H, N, M]
    distances: Mapping[str, Array]  # name -> [H, N], over the keys of both runs
    unpaired: tuple[Unpaired, ...]
    # Before and after; None where they share no space.
    points: tuple[StoredEmbeddings, StoredEmbeddings] | None

    @property
    def change(self) -> Array:
        """[H, N, M], after − before."""
        return self.after - self.before

    def moved(self, most: int = MAX_CHANGES) -> list[tuple[int, int, int]]:
        """(head, query, key) of the weights that moved most, the largest change first."""
        size = np.abs(self.change).ravel()
        order = np.argsort(-size, kind="stable")[:most]
        found = np.unravel_index(order[size[order] > UNCHANGED], self.change.shape)
        return [(int(h), int(i), int(j)) for h, i, j in zip(*found, strict=True)]


def subtract(
    place: Place,
    a: StoredWeights,
    b: StoredWeights,
    points: tuple[StoredEmbeddings | None, StoredEmbeddings | None],
) -> SentenceDifference:
    """Sentence `b` against sentence `a`, token by token; the heads are as many in both."""
    rows, columns = align(a.queries, b.queries), align(a.keys, b.keys)
    q, p = a.values[:, rows.before], b.values[:, rows.after]
    return SentenceDifference(
        name=place[0],
        layer=place[1],
        queries=tuple(a.queries[i] for i in rows.before),
        keys=tuple(a.keys[j] for j in columns.before),
        of_queries=rows,
        of_keys=columns,
        before=q[:, :, columns.before],
        after=p[:, :, columns.after],
        distances=distances(q, p, columns),
        unpaired=unpaired(a, b, rows, columns),
        points=comparable_points(*points),
    )


def distances(before: Array, after: Array, keys: Alignment) -> dict[str, Array]:
    """Every distance between rows [H, N, M] and [H, N, M'], over the keys of both."""
    own = before.shape[-1]
    count = own + len(keys.only_after)
    places = dict(zip(keys.after, keys.before, strict=True))
    places |= {j: own + k for k, j in enumerate(keys.only_after)}
    p = scatter_keys(after, [places[j] for j in range(after.shape[-1])], count)
    q = scatter_keys(before, range(own), count)
    return {name: distance(p, q) for name, distance in DISTANCES.items()}


def unpaired(
    a: StoredWeights, b: StoredWeights, rows: Alignment, columns: Alignment
) -> tuple[Unpaired, ...]:
    """Every token without a partner."""
    sides = (
        ("before", "query", a.queries, rows.only_before),
        ("after", "query", b.queries, rows.only_after),
        ("before", "key", a.keys, columns.only_before),
        ("after", "key", b.keys, columns.only_after),
    )
    return tuple(Unpaired(run, axis, k, names[k]) for run, axis, names, of in sides for k in of)


def comparable_points(
    one: StoredEmbeddings | None, two: StoredEmbeddings | None
) -> tuple[StoredEmbeddings, StoredEmbeddings] | None:
    """Both runs' embeddings, if both were kept and are of one width."""
    if one is None or two is None or one.static.shape[1] != two.static.shape[1]:
        return None
    return one, two
