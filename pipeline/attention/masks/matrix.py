"""Matrix: any booleans, given as values or read from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.attention.masks.mask import Mask
from pipeline.attention.masks.predicates import Booleans
from pipeline.attention.matrix_input import as_array, check_fit, read_matrix, slice_block
from pipeline.base.errors import UserError, shorten
from pipeline.base.specs import only_one


def matrix(values: object = None, path: str | Path | None = None) -> Mask:
    """Key j takes part for query i where values[..., i, j], booleans or 0 and 1.

    `path` is a .npy file, a .csv or a .txt. Axes of length 1, or left out, broadcast; axes before
    the last two are those of the scores, such as the heads.

    >>> matrix([[1, 0], [0, 1]]).block(1, 2, 0, 2).tolist()
    [[False, True]]
    """
    what = "attention.mask.matrix"
    only_one(what, values=values, path=path)
    source = f"{what}.values" if path is None else f"{what}.path"
    array = as_array(values if path is None else read_matrix(path, source), source)
    allowed = as_booleans(array, source)
    return Mask(
        predicate=lambda queries, keys: slice_block(allowed, queries, keys),
        check=lambda shape: check_fit(allowed.shape, shape, what),
    )


def as_booleans(array: npt.NDArray[np.generic], what: str) -> Booleans:
    """`array` as booleans; floating point is refused, as it is most likely a bias."""
    if array.dtype == np.bool_:
        return array.astype(bool, copy=False)
    if array.dtype.kind not in "iu":
        raise UserError(f"{what}: got {array.dtype}, expected booleans, or the integers 0 and 1")
    odd = array[(array != 0) & (array != 1)]
    if odd.size:
        raise UserError(f"{what}: got {shorten(odd[0].item())}, expected booleans, or 0 and 1")
    return array.astype(bool)
