"""The difference of two runs: weights read back exactly, subtracted cell by cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.compare.difference import differences, read_weights
from pipeline.compare.read import read_run
from tests.command import pipeline


def run(tmp_path: Path, *overrides: str) -> Path:
    """A run of two sentences and two heads."""
    text = 'sentences.text=[["a,b","b"],[b,"c\td",b]]'
    return pipeline(
        "embeddings=gaussian", "projection=random", "projection.heads=2", text, "plots=[]",
        f"outputs={tmp_path}", *overrides,
    ).folder  # fmt: skip


def test_weights_are_read_back_with_their_shapes_and_tokens(tmp_path: Path) -> None:
    found = read_weights(run(tmp_path))
    assert {name: (w.queries, w.values.shape) for name, w in found.items()} == {
        "pinguins-1": (("a,b", "b"), (2, 2, 2)),
        "pinguins-2": (("b", "c\td", "b"), (2, 3, 3)),
    }
    for one in found.values():
        np.testing.assert_allclose(one.values.sum(axis=-1), 1.0, rtol=1e-14)


def test_after_minus_before_for_each_sentence(tmp_path: Path) -> None:
    before, after = run(tmp_path), run(tmp_path, "attention.scale=none")
    one, two = read_weights(before), read_weights(after)
    found = dict(differences(read_run(before), read_run(after), "title"))
    assert list(found) == ["difference_pinguins-1", "difference_pinguins-2"]
    for name, drawing in found.items():
        change = two[name[11:]].values - one[name[11:]].values
        assert [row[-1] for row in drawing.table.rows] == change.ravel().tolist()
        assert np.abs(change).max() > 0.01
        np.testing.assert_allclose(
            change.sum(axis=-1), 0.0, atol=1e-14
        )  # what one wins, others lose


def test_a_run_minus_itself_is_nothing(tmp_path: Path) -> None:
    same = read_run(run(tmp_path))
    for _, drawing in differences(same, same, ""):
        assert {row[-1] for row in drawing.table.rows} == {0.0}
