"""Masks by segment: document ids, padding and global tokens, as the user gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.attention.masks.mask import Mask
from pipeline.attention.masks.predicates import START, Booleans, Positions
from pipeline.base.errors import UserError, shorten
from pipeline.base.specs import FAR, only_one, whole


def document(lengths: Sequence[int] | None = None, ids: Sequence[int] | None = None) -> Mask:
    """Key j takes part for query i where both are of the same document: blocks on the diagonal.

    Documents packed into one sequence, given by their lengths in order or by one id per token;
    with ids they may be interleaved. Krell et al. 2021, "Efficient Sequence Packing".

    >>> document(lengths=[1, 2]).full(3, 3).astype(int).tolist()
    [[1, 0, 0], [0, 1, 1], [0, 1, 1]]
    """
    what = "attention.mask.document"
    only_one(what, lengths=lengths, ids=ids)
    if lengths is not None:
        sizes = integers(lengths, f"{what}.lengths", least=1)
        document_ids = np.repeat(np.arange(len(sizes)), sizes)
    else:
        document_ids = integers(ids, f"{what}.ids")
    first, last, is_contiguous = segment_runs(document_ids)

    def check(shape: tuple[int, ...]) -> None:
        if shape[-2:] != (len(document_ids), len(document_ids)):
            raise UserError(
                f"{what}: got documents of {len(document_ids)} tokens in all, expected as many as "
                f"there are queries N = {shape[-2]} and keys M = {shape[-1]}"
            )

    return Mask(
        lambda queries: (first[queries], last[queries] + 1),
        None
        if is_contiguous
        else lambda queries, keys: document_ids[queries] == document_ids[keys],
        check=check,
    )


def segment_runs(ids: Positions) -> tuple[Positions, Positions, bool]:
    """The first and last position of each token's document, [N] each; whether all are contiguous.

    >>> segment_runs(np.array([5, 5, 3]))
    (array([0, 0, 2]), array([1, 1, 2]), True)
    """
    _, start, document_index, sizes = np.unique(
        ids, return_index=True, return_inverse=True, return_counts=True
    )
    end = np.zeros_like(start)
    np.maximum.at(end, document_index, np.arange(len(ids)))
    return start[document_index], end[document_index], bool((end - start + 1 == sizes).all())


def padding(length: int | None = None, real: Sequence[bool] | None = None) -> Mask:
    """Key j takes part where it is real: the first `length` keys, or those with `real` true, [M].

    Padded queries still attend; leave their rows out when you read the result. A length beyond M
    hides nothing.

    >>> padding(length=2).full(1, 3).tolist(), padding(real=[False, True, True]).full(1, 3).tolist()
    ([[True, True, False]], [[False, True, True]])
    """
    what = "attention.mask.padding"
    only_one(what, length=length, real=real)
    if length is not None:
        stop = np.array([whole(length, f"{what}.length")])
        return Mask(lambda queries: (START, stop))
    is_real = booleans(real, f"{what}.real")
    positions = np.flatnonzero(is_real) if is_real.any() else np.array([0, -1])
    ends = positions[:1], positions[-1:] + 1

    def check(shape: tuple[int, ...]) -> None:
        if shape[-1] != len(is_real):
            raise UserError(
                f"{what}.real: got {len(is_real)} booleans, expected one per key, M = {shape[-1]}"
            )

    return Mask(
        lambda queries: ends,
        lambda queries, keys: is_real[keys],
        lambda first, last, lo, hi: (lo, hi) if is_real[lo:hi].all() else (lo, lo),
        check,
    )


def global_tokens(count: int | None = None, positions: Sequence[int] | None = None) -> Mask:
    """i or j is global: such a token attends to every key, and every query to it.

    Meant for {any: [window, global_tokens]}. The first `count` tokens, or those at `positions`
    (from 0). Beltagy et al. 2020, §3.1; Zaheer et al. 2020, "Big Bird". Positions
    beyond the end of a sentence are ignored.

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

    def is_global(at: Positions) -> Booleans:
        return at < stop if count is not None else np.isin(at, chosen)

    def key_range(queries: Positions) -> tuple[Positions, Positions]:
        return np.where(is_global(queries), 0, start), np.where(is_global(queries), FAR, stop)

    def known_true_range(first: int, last: int, lo: int, hi: int) -> tuple[int, int]:
        all_true = is_global(np.arange(first, last)).all() or is_global(np.arange(lo, hi)).all()
        return (lo, hi) if all_true else (lo, lo)

    return Mask(
        key_range,
        lambda queries, keys: is_global(queries) | is_global(keys),
        known_true_range,
    )


def as_row(values: object) -> npt.NDArray[Any]:
    """`values` as an array; ragged input becomes an empty object array."""
    try:
        return np.asarray(values)
    except ValueError:
        return np.empty(0, dtype=object)


def integers(values: object, what: str, least: int | None = None) -> Positions:
    """`values` as a row of integers, none below `least`, at least one."""
    row = as_row(values)
    if row.ndim != 1 or row.dtype.kind not in "iu" or row.size == 0:
        raise UserError(f"{what}: got {shorten(values)}, expected a list of integers")
    if least is not None and row.min() < least:
        raise UserError(f"{what}: got {row.min()}, expected integers >= {least}")
    if row.max() > FAR:
        raise UserError(f"{what}: got {row.max()}, expected integers <= {FAR}")
    return row.astype(np.int64)


def booleans(values: object, what: str) -> Booleans:
    """`values`, booleans or 0 and 1, as a row of booleans."""
    row = as_row(values)
    if row.ndim != 1 or row.dtype.kind not in "biu" or not np.isin(row, (0, 1)).all():
        raise UserError(
            f"{what}: got {shorten(values)}, expected a list of booleans, or of 0 and 1"
        )
    return row.astype(bool)
