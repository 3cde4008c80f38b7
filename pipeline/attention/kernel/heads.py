"""The part of an array that belongs to one head."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.base.records import Array


def head_part(array: Any, leading: tuple[int, ...], position: tuple[int, ...] | None) -> Any:
    """[..., N', M'] → the [N', M'] at a position along the leading axes; all of it for None.

    >>> head_part(np.arange(2).reshape(2, 1, 1), leading=(3, 2), position=(0, 1)).tolist()
    [[1]]
    """
    if position is None or array.ndim <= 2:
        return array
    return np.broadcast_to(array, (*leading, *array.shape[-2:]))[position]


def shared_head(array: Array, position: tuple[int, ...], leading: tuple[int, ...]) -> Array:
    """The key or value head, [M, E], that serves the query head at `position`.

    An axis of length 1 serves every query head; a shorter axis serves a group of heads each.

    >>> shared_head(np.arange(4).reshape(2, 2, 1), position=(3,), leading=(4,)).tolist()
    [[2], [3]]
    """
    lengths = array.shape[:-2]
    skipped = len(leading) - len(lengths)
    axes = zip(position[skipped:], lengths, leading[skipped:], strict=True)
    return array[tuple(index * length // total for index, length, total in axes)]
