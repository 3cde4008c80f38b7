"""Our PNG files, read by Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.plots.output.png import png


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (9, 1), (31, 200)])
def test_what_is_read_back_is_what_was_written(height: int, width: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 4)).astype(np.uint8)
    pixels[..., 3] = 255
    content = png(pixels, 144)
    with Image.open(io.BytesIO(content)) as image:
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), pixels[..., :3])
        assert image.info["dpi"] == pytest.approx((144, 144), abs=0.02)
        assert set(image.info) == {"dpi"}  # no date, no version
    assert png(pixels.copy(), 144) == content
