"""Cells painted flat."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plots.output.cells import cell_pixels


@given(st.floats(0, 50), st.floats(0.5, 900), st.integers(1, 40))
def test_each_pixel_belongs_to_the_cell_that_its_center_lies_in(
    start: float, length: float, count: int
) -> None:
    first, counts = cell_pixels(start, start + length, count)
    cells = np.repeat(np.arange(count), counts)
    centers = first + np.arange(len(cells)) + 0.5
    assert abs(len(cells) - length) <= 1
    inside = (centers - start) / length * count
    assert (inside >= cells - 1e-9).all()
    assert (inside <= cells + 1 + 1e-9).all()
