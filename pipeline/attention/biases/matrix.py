"""Matrix: any numbers added to the scores, given as values or read from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.attention.biases.bias import Bias, Positions
from pipeline.attention.matrix_input import check_fit, read_matrix, real_matrix, slice_block
from pipeline.base.records import Array
from pipeline.base.specs import only_one


def matrix(
    heads: int,
    seed: int = 0,
    *,
    values: object = None,
    path: str | Path | None = None,
) -> Bias:
    """b_h(i, j) = values[..., h, i, j], finite, broadcast over axes of length 1 or left out.

    `path` is a .npy file, a .csv or a .txt. Infinity is refused: to take keys out, use a mask.

    >>> matrix(1, values=[[0.0, 1.0], [2.0, 3.0]]).block(0, 1, 2, 0, 2).tolist()
    [[2.0, 3.0]]
    """
    what = "attention.bias.matrix"
    only_one(what, values=values, path=path)
    if path is None:
        numbers = real_matrix(values, f"{what}.values")
    else:
        numbers = real_matrix(read_matrix(path, f"{what}.path"), f"{what}.path")

    def function(head: int | None, queries: Positions, keys: Positions) -> Array:
        if head is None or numbers.ndim == 2:
            return slice_block(numbers, queries, keys)
        of_head = numbers[..., head if numbers.shape[-3] > 1 else 0, :, :]
        return slice_block(of_head, queries, keys)

    return Bias(function, lambda shape: check_fit(np.shape(numbers), shape, what))
