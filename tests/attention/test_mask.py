"""Laws of every mask."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.attention import MASKS


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (2, 5), (5, 2)])
def test_a_mask_is_boolean_and_leaves_every_token_itself(name: str, shape: tuple[int, int]) -> None:
    mask = MASKS[name](*shape)
    assert mask.dtype == np.bool_
    assert mask.shape == shape
    assert mask.diagonal().all()


def test_none_masks_nothing() -> None:
    assert MASKS["none"](3, 4).all()


def test_causal_hides_exactly_the_future() -> None:
    expected = [[key <= query for key in range(5)] for query in range(4)]
    assert MASKS["causal"](4, 5).tolist() == expected
