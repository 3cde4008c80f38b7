"""Masks by position: what a query may attend to depends on where it and the key stand."""

from __future__ import annotations

import numpy as np

from pipeline.attention.masks.mask import Mask
from pipeline.attention.masks.predicates import START
from pipeline.base.specs import FAR, whole


def none() -> Mask:
    """Every key takes part, for every query.

    >>> none().full(1, 3).tolist()
    [[True, True, True]]
    """
    return Mask()


def causal() -> Mask:
    """Key j takes part for query i where j ≤ i: no query sees the future.

    Vaswani et al. 2017, §3.2.3. Query 0 is aligned with key 0, also where N and M differ.

    >>> causal().full(3, 3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    return Mask(lambda queries: (START, queries + 1))


def window(left: int | None = None, right: int | None = None) -> Mask:
    """i − left ≤ j ≤ i + right: a sliding window; None means no limit on that side.

    Beltagy et al. 2020, "Longformer", §3.1. With left=4, right=0 a query sees the
    four keys before it and its own.

    >>> window(left=1, right=0).full(3, 3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    """
    back, ahead = (
        FAR if side is None else whole(side, f"attention.mask.window.{name}")
        for name, side in (("left", left), ("right", right))
    )
    return Mask(lambda queries: (queries - back, queries + ahead + 1))


def prefix(length: int) -> Mask:
    """j ≤ i or j < length: every query sees the whole prefix; the rest is causal.

    Raffel et al. 2020 (T5), §3.2.1, "prefix LM".

    >>> prefix(2).full(3, 3).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    """
    end = whole(length, "attention.mask.prefix.length")
    return Mask(lambda queries: (START, np.maximum(queries + 1, end)))


def dilated(step: int) -> Mask:
    """|i − j| is a multiple of `step`; meant to be combined with window or causal.

    Child et al. 2019, "Sparse Transformers", §4.2 (strided); Beltagy et al. 2020, §3.1 (dilated).

    >>> dilated(2).full(2, 5).astype(int).tolist()
    [[1, 0, 1, 0, 1], [0, 1, 0, 1, 0]]
    """
    stride = whole(step, "attention.mask.dilated.step", least=1)
    return Mask(predicate=lambda queries, keys: queries % stride == keys % stride)
