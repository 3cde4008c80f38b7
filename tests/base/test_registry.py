"""Names looked up in a dict."""

from __future__ import annotations

import pytest

from pipeline.base.errors import UserError
from pipeline.base.registry import list_choices, lookup

CHOICES = {"softmax": 1, "sparsemax": 2, "entmax15": 3}


@pytest.mark.parametrize(("name", "entry"), CHOICES.items())
def test_every_entry_is_found(name: str, entry: int) -> None:
    assert lookup(CHOICES, name, "x") == entry


def test_the_error_lists_all_choices_and_the_nearest() -> None:
    with pytest.raises(UserError) as caught:
        lookup(CHOICES, "sparsmax", "attention.normalizer")
    assert str(caught.value) == (
        "attention.normalizer: got 'sparsmax', expected one of: softmax, sparsemax, entmax15 "
        "(did you mean 'sparsemax'?)"
    )


def test_no_guess_where_nothing_is_near() -> None:
    assert list_choices("zzz", CHOICES) == "softmax, sparsemax, entmax15"
    assert list_choices(None, CHOICES) == "softmax, sparsemax, entmax15"
