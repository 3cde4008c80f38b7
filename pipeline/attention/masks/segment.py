"""Masks by content: what a query may attend to depends on what stands at a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.attention.masks.mask import START, Booleans, Mask, Positions
from pipeline.base.errors import UserError, shorten
from pipeline.base.specs import FAR, only_one, whole


def document(lengths: Sequence[int] | None = None, ids: Sequence[int] | None = None) -> Mask:
    """Key j takes part for query i where both are of one document: blocks on the diagonal.

    Documents packed into one sequence, by the length of each in turn, or by an id for each token;
    documents with ids may be interleaved. Krell et al. 2021, "Efficient Sequence Packing".

    >>> document(lengths=[1, 2]).full(3, 3).astype(int).tolist()
    [[1, 0, 0], [0, 1, 1], [0, 1, 1]]
    """
    what = "attention.mask.document"
    only_one(what, lengths=lengths, ids=ids)
    if lengths is not None:
        sizes = integers(lengths, f"{what}.lengths", least=1)
        numbers = np.repeat(np.arange(len(sizes)), sizes)
    else:
        numbers = integers(ids, f"{what}.ids")
    first, last, whole_runs = segment_runs(numbers)

    def check(shape: tuple[int, ...]) -> None:
        if shape[-2:] != (len(numbers), len(numbers)):
            raise UserError(
                f"{what}: got documents of {len(numbers)} tokens in all, expected as many as there "
                f"are queries N = {shape[-2]} and keys M = {shape[-1]}"
            )

    return Mask(
        lambda queries: (first[queries], last[queries] + 1),
        None if whole_runs else lambda queries, keys: numbers[queries] == numbers[keys],
        check=check,
    )


def segment_runs(ids: Positions) -> tuple[Positions, Positions, bool]:
    """Where each token's document starts and ends, [N] and [N], and whether each is in one piece.

    >>> segment_runs(np.array([5, 5, 3]))
    (array([0, 0, 2]), array([1, 1, 2]), True)
    """
    _, start, which, sizes = np.unique(
        ids, return_index=True, return_inverse=True, return_counts=True
    )
    end = np.zeros_like(start)
    np.maximum.at(end, which, np.arange(len(ids)))
    return start[which], end[which], bool((end - start + 1 == sizes).all())


def padding(length: int | None = None, real: Sequence[bool] | None = None) -> Mask:
    """Key j takes part where it is real: the first `length` keys, or those that `real` says, [M].

    Queries are left as they are: what a padded query attends to is for the reader to leave out.
    A length beyond M hides nothing.

    >>> padding(length=2).full(1, 3).tolist(), padding(real=[False, True, True]).full(1, 3).tolist()
    ([[True, True, False]], [[False, True, True]])
    """
    what = "attention.mask.padding"
    only_one(what, length=length, real=real)
    if length is not None:
        stop = np.array([whole(length, f"{what}.length")])
        return Mask(lambda queries: (START, stop))
    keep = booleans(real, f"{what}.real")
    some = np.flatnonzero(keep) if keep.any() else np.array([0, -1])
    ends = some[:1], some[-1:] + 1

    def check(shape: tuple[int, ...]) -> None:
        if shape[-1] != len(keep):
            raise UserError(
                f"{what}.real: got {len(keep)} booleans, expected one a key, M = {shape[-1]}"
            )

    return Mask(
        lambda queries: ends,
        lambda queries, keys: keep[keys],
        lambda first, last, lo, hi: (lo, hi) if keep[lo:hi].all() else (lo, lo),
        check,
    )


def global_tokens(count: int | None = None, positions: Sequence[int] | None = None) -> Mask:
    """i or j is global: such a token sees all and is seen by all; meant to be or-ed with a window.

    The first `count` tokens, or those at `positions` (from 0). Beltagy et al. 2020, §3.1; Zaheer
    et al. 2020, "Big Bird". A position that a sentence does not reach is global in longer ones.

    >>> global_tokens(count=1).full(3, 3).astype(int).tolist()
    [[1, 1, 1], [1, 0, 0], [1, 0, 0]]
    """
    what = "attention.mask.global_tokens"
    only_one(what, count=count, positions=positions)
    if count is not None:
        start, stop = 0, whole(count, f"{what}.count", least=1)
    else:
        chosen = integers(positions, f"{what}.positions", least=0)
        start, stop = chosen.min(), chosen.max() + 1

    def here(places: Positions) -> Booleans:
        return places < stop if count is not None else np.isin(places, chosen)

    def reach(queries: Positions) -> tuple[Positions, Positions]:
        return np.where(here(queries), 0, start), np.where(here(queries), FAR, stop)

    def sure(first: int, last: int, lo: int, hi: int) -> tuple[int, int]:
        known = here(np.arange(first, last)).all() or here(np.arange(lo, hi)).all()
        return (lo, hi) if known else (lo, lo)

    return Mask(
        reach,
        lambda queries, keys: here(queries) | here(keys),
        sure,
    )


def as_row(values: object) -> npt.NDArray[Any]:
    """`values` as an array; rows of several lengths as one of no numbers."""
    try:
        return np.asarray(values)
    except ValueError:
        return np.empty(0, dtype=object)


def integers(values: object, what: str, least: int | None = None) -> Positions:
    """`values` as a row of integers, none below `least`, at least one."""
    given = as_row(values)
    if given.ndim != 1 or given.dtype.kind not in "iu" or given.size == 0:
        raise UserError(f"{what}: got {shorten(values)}, expected a list of integers")
    if least is not None and given.min() < least:
        raise UserError(f"{what}: got {given.min()}, expected integers >= {least}")
    if given.max() > FAR:
        raise UserError(f"{what}: got {given.max()}, expected integers <= {FAR}")
    return given.astype(np.int64)


def booleans(values: object, what: str) -> Booleans:
    """`values`, booleans or 0 and 1, as a row of booleans."""
    given = as_row(values)
    if given.ndim != 1 or given.dtype.kind not in "biu" or not np.isin(given, (0, 1)).all():
        raise UserError(
            f"{what}: got {shorten(values)}, expected a list of booleans, or of 0 and 1"
        )
    return given.astype(bool)
