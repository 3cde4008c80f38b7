"""Matrices from the user: read from a file, checked, and sliced to a block."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.base.errors import UserError, shorten
from pipeline.base.records import Array

Kind = TypeVar("Kind", bound=np.generic)


def read_matrix(path: str | Path, what: str) -> npt.NDArray[Any]:
    """The array of a .npy file, or the table of a .csv (commas) or a .txt (white space).

    A table of whole numbers is read as integers. Nothing in a .npy file is ever executed.
    """
    if not isinstance(path, str | Path):
        raise UserError(
            f"{what}: got {shorten(path)}, expected the path of a .npy, .csv or .txt file"
        )
    file = Path(path)
    if file.suffix not in (".npy", ".csv", ".txt"):
        raise UserError(f"{what}: got {shorten(str(path))}, expected a .npy, .csv or .txt file")
    try:
        return read_npy(file, what) if file.suffix == ".npy" else read_text_table(file, what)
    except OSError as error:
        reason = error.strerror or "not readable"
        raise UserError(f"{what}: {shorten(str(path))} cannot be read ({reason})") from None


def read_npy(file: Path, what: str) -> npt.NDArray[Any]:
    """The array in a .npy file; objects, which would need unpickling, are refused."""
    try:
        loaded = np.load(file, allow_pickle=False)
    except (ValueError, EOFError):
        loaded = None
    if not isinstance(loaded, np.ndarray):
        raise UserError(
            f"{what}: {shorten(str(file))} holds no array of numbers, expected a .npy file"
        )
    return loaded


def read_text_table(file: Path, what: str) -> npt.NDArray[Any]:
    """The numbers of a text file, one row per line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(
            f"{what}: {shorten(str(file))} is not text, expected rows of numbers"
        ) from None
    separator = r"\s*,\s*" if file.suffix == ".csv" else r"\s+"
    rows = [re.split(separator, line.strip()) for line in text.splitlines() if line.strip()]
    if not rows or {len(row) for row in rows} != {len(rows[0])}:
        widths = ", ".join(str(width) for width in sorted({len(row) for row in rows})) or "no"
        raise UserError(f"{what}: got rows of {widths} numbers, expected rows of one length")
    try:
        numbers = np.array(rows, dtype=np.float64)
    except ValueError:
        cell = next(cell for row in rows for cell in row if not parses_as_number(cell))
        raise UserError(f"{what}: got {shorten(cell)}, expected numbers alone") from None
    whole = all(re.fullmatch(r"[+-]?\d{1,15}", cell) for row in rows for cell in row)
    return numbers.astype(np.int64) if whole else numbers


def parses_as_number(text: str) -> bool:
    """Whether NumPy reads `text` as a number.

    >>> parses_as_number("-1e3"), parses_as_number("one")
    (True, False)
    """
    try:
        np.array([text], dtype=np.float64)
    except ValueError:
        return False
    return True


def as_array(values: object, what: str) -> npt.NDArray[Any]:
    """`values` as an array of two axes or more; rows of several lengths are refused."""
    try:
        return np.atleast_2d(np.asarray(values))
    except ValueError:
        raise UserError(
            f"{what}: got rows of several lengths, expected rows of one length"
        ) from None


def real_matrix(values: object, what: str) -> Array:
    """`values` as finite floating point, float32 kept, of two axes or more."""
    raw = as_array(values, what)
    if raw.dtype.kind not in "fiu":
        raise UserError(f"{what}: got {raw.dtype}, expected real numbers")
    floats: Array = raw if raw.dtype == np.float32 else raw.astype(np.float64)
    if not np.isfinite(floats).all():
        raise UserError(f"{what}: holds NaN or infinity, expected finite numbers")
    return floats


def check_fit(array_shape: tuple[int, ...], shape: tuple[int, ...], what: str) -> None:
    """Raise a `UserError` unless an array of that shape broadcasts to the scores' [..., N, M]."""
    try:
        fits = np.broadcast_shapes(array_shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise UserError(
            f"{what}: got shape {array_shape}, expected one that broadcasts to "
            f"[..., N, M] = {shape}"
        )


def slice_block(
    array: npt.NDArray[Kind], queries: npt.NDArray[np.int64], keys: npt.NDArray[np.int64]
) -> npt.NDArray[Kind]:
    """The view array[..., queries, keys] for consecutive positions; an axis of length 1 stays.

    >>> slice_block(np.arange(6).reshape(2, 3), np.array([[1]]), np.array([[0, 1]])).tolist()
    [[3, 4]]
    """
    return array[
        ..., axis_slice(array.shape[-2], queries.ravel()), axis_slice(array.shape[-1], keys.ravel())
    ]


def axis_slice(length: int, positions: npt.NDArray[np.int64]) -> slice:
    """The slice of consecutive positions; all of an axis of length 1, which broadcasts.

    >>> axis_slice(9, np.array([3, 4])), axis_slice(1, np.array([3, 4]))
    (slice(3, 5, None), slice(0, 1, None))
    """
    return slice(0, 1) if length == 1 else slice(int(positions[0]), int(positions[-1]) + 1)
