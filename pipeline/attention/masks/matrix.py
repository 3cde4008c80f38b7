"""Matrix: any booleans, given or from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.attention.masks.mask import Booleans, Mask
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
    if path is None:
        given = booleans(as_array(values, f"{what}.values"), f"{what}.values")
    else:
        given = booleans(
            as_array(read_matrix(path, f"{what}.path"), f"{what}.path"), f"{what}.path"
        )
    return Mask(
        predicate=lambda queries, keys: slice_block(given, queries, keys),
        check=lambda shape: check_fit(given.shape, shape, what),
    )


def booleans(given: npt.NDArray[np.generic], what: str) -> Booleans:
    """`given` as booleans; floating point is refused, being most likely a bias."""
    if given.dtype == np.bool_:
        return given.astype(bool, copy=False)
    if given.dtype.kind not in "iu":
        raise UserError(f"{what}: got {given.dtype}, expected booleans, or the integers 0 and 1")
    odd = given[(given != 0) & (given != 1)]
    if odd.size:
        raise UserError(f"{what}: got {shorten(odd[0].item())}, expected booleans, or 0 and 1")
    return given.astype(bool)
