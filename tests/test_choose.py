"""Names looked up in a dict."""

from __future__ import annotations

import pytest

from pipeline.choose import choose, listed
from pipeline.faults import Fault

CHOICES = {"softmax": 1, "sparsemax": 2, "entmax15": 3}


@pytest.mark.parametrize(("name", "entry"), CHOICES.items())
def test_every_entry_is_found(name: str, entry: int) -> None:
    assert choose(CHOICES, name, "x") == entry


def test_the_error_lists_all_choices_and_the_nearest() -> None:
    with pytest.raises(Fault) as caught:
        choose(CHOICES, "sparsmax", "attention.normalizer")
    assert str(caught.value) == (
        "attention.normalizer: got 'sparsmax', expected one of: softmax, sparsemax, entmax15 "
        "(did you mean 'sparsemax'?)"
    )


def test_no_guess_where_nothing_is_near() -> None:
    assert listed("zzz", CHOICES) == "softmax, sparsemax, entmax15"
    assert listed(None, CHOICES) == "softmax, sparsemax, entmax15"
