"""The difference of two runs: weights read back exactly, subtracted, aligned by token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.compare.pair.difference import Difference, difference
from pipeline.compare.pair.distances import DISTANCES
from pipeline.compare.pair.tables import (
    caption,
    drawings,
    largest_changes,
    row_distances,
    unpaired_tokens,
)
from pipeline.store.read.arrays import read_points, read_weights
from pipeline.store.read.run import read_run
from tests.command import pipeline
from tests.compare.conftest import MakeFolder


@pytest.fixture
def two_sentences(run_folder: MakeFolder) -> MakeFolder:
    """Overrides → the folder of a run of two sentences and two heads."""
    text = 'sentences.text=[["a,b","b"],[b,"c\td",b]]'
    usual = ("embeddings=gaussian", "projection=random", "projection.heads=2", text)
    return lambda *overrides: run_folder(*usual, *overrides)


def compared(one: Path, two: Path) -> Difference:
    """Two run folders."""
    return difference(read_run(one), read_run(two))


def test_weights_are_read_back_with_their_shapes_and_tokens(two_sentences: MakeFolder) -> None:
    found = read_weights(two_sentences())
    assert {name: (w.queries, w.keys, w.values.shape) for name, w in found.items()} == {
        ("pinguins-1", 0): (("a,b", "b"), ("a,b", "b"), (2, 2, 2)),
        ("pinguins-2", 0): (("b", "c\td", "b"), ("b", "c\td", "b"), (2, 3, 3)),
    }
    for one in found.values():
        np.testing.assert_allclose(one.values.sum(axis=-1), 1.0, rtol=1e-14)


def test_embeddings_are_read_back_as_they_were(tmp_path: Path) -> None:
    from pipeline.run import run as computed
    from tests.conftest import config_from

    overrides = ("embeddings=gaussian", "projection=random", "plots=[]")
    outcome = computed(config_from(*overrides)).layers[0]
    found = read_points(pipeline(*overrides, f"outputs={tmp_path}").folder)["pinguins", 0]
    np.testing.assert_array_equal(found.static, outcome.before)
    np.testing.assert_array_equal(found.contextual, outcome.after)
    assert found.is_cross is False


def test_after_minus_before_for_each_sentence(two_sentences: MakeFolder) -> None:
    before, after = two_sentences(), two_sentences("attention.scale=none")
    one, two = read_weights(before), read_weights(after)
    found = compared(before, after)
    assert [(s.name, s.layer) for s in found.sentences] == [*one]
    for sentence in found.sentences:
        place = sentence.name, sentence.layer
        np.testing.assert_array_equal(sentence.change, two[place].values - one[place].values)
        assert np.abs(sentence.change).max() > 0.01
        np.testing.assert_allclose(sentence.change.sum(axis=-1), 0.0, atol=1e-14)
        half = np.abs(sentence.change).sum(axis=-1) / 2
        np.testing.assert_allclose(sentence.distances["total_variation"], half, rtol=1e-12)
        assert not sentence.unpaired
    assert [(c.name, c.before, c.after) for c in found.settings] == [
        ("attention.scale", "sqrt_dk", "none")
    ]
    assert found.notes == ()


def test_rows_that_do_not_sum_to_one_are_said(two_sentences: MakeFolder) -> None:
    plain, masses = two_sentences(), two_sentences("attention.normalizer=sigmoid")
    silent = two_sentences("attention.mask={padding:{length:0}}")  # its rows give no weight at all
    told = (
        "Rows of the {} do not sum to 1 in {}: they are compared as masses, so that "
        "total_variation and jensen_shannon are no shares and may pass 1 and ln 2."
    )
    for pair, side in (((plain, masses), "run"), ((masses, plain), "baseline")):
        notes = compared(*pair).notes
        assert notes == (told.format(side, "pinguins-1"), told.format(side, "pinguins-2"))
    assert compared(plain, silent).notes == ()


def test_the_largest_changes_come_first(
    two_sentences: MakeFolder,
) -> None:
    found = compared(two_sentences(), two_sentences("attention.scale=none"))
    for sentence in found.sentences:
        moved = [abs(float(sentence.change[place])) for place in sentence.moved()]
        assert moved == sorted(moved, reverse=True)
        assert moved[0] == np.abs(sentence.change).max()
        assert len(sentence.moved(2)) == 2


def test_tokens_are_aligned_and_distances_count_the_keys_of_both(tmp_path: Path) -> None:
    uniform = ("embeddings=one_hot", "attention.temperature=1e9", "plots=[]", f"outputs={tmp_path}")
    before = pipeline("sentences.text=[[birds,can,fly]]", *uniform).folder
    after = pipeline("sentences.text=[[birds,can,not,fly]]", *uniform).folder
    (one,) = compared(before, after).sentences
    assert one.queries == one.keys == ("birds", "can", "fly")
    np.testing.assert_allclose(one.change, 1 / 4 - 1 / 3, rtol=1e-6)
    # A quarter of the weight went to "not", by hand.
    np.testing.assert_allclose(one.distances["total_variation"], 1 / 4, rtol=1e-6)
    assert np.isposinf(one.distances["kl"]).all()
    np.testing.assert_allclose(one.distances["kl_reverse"], np.log(4 / 3), rtol=1e-6)
    rows = unpaired_tokens(compared(before, after)).rows
    assert rows == [("pinguins", 0, "after", axis, 2, "not") for axis in ("query", "key")]
    (two,) = compared(after, before).sentences
    np.testing.assert_array_equal(two.change, -one.change)
    np.testing.assert_array_equal(two.distances["kl"], one.distances["kl_reverse"])
    assert {lone.run for lone in two.unpaired} == {"before"}


def test_a_token_that_moved_in_the_sentence_is_found_there(tmp_path: Path) -> None:
    words = ("embeddings=gaussian", "plots=[]", f"outputs={tmp_path}")
    one = pipeline("sentences.text=[[man,fears,dog]]", *words).folder
    two = pipeline("sentences.text=[[dog,fears,man]]", *words).folder
    (found,) = compared(one, two).sentences
    # Without positions, attention reads a set: nothing moved at all.
    np.testing.assert_allclose(found.change, 0.0, atol=1e-15)
    assert found.of_queries.after == (2, 1, 0)


def test_keys_of_cross_attention_are_aligned_on_their_own_axis(tmp_path: Path) -> None:
    words = ("sentences.text=[[a,b]]", "embeddings=gaussian", "plots=[]", f"outputs={tmp_path}")
    before = pipeline("sentences.keys=[[x,y,z]]", *words).folder
    after = pipeline("sentences.keys=[[w,z,x]]", *words).folder
    found = compared(before, after)
    (one,) = found.sentences
    assert (one.queries, one.keys) == (("a", "b"), ("x", "z"))
    a, b = (read_weights(folder)["pinguins", 0].values for folder in (before, after))
    np.testing.assert_array_equal(one.change, b[:, :, [2, 1]] - a[:, :, [0, 2]])
    assert [(lone.axis, lone.token) for lone in one.unpaired] == [("key", "y"), ("key", "w")]
    # The static points are the keys', and no dashes come from them.
    assert one.points
    assert all(points.is_cross for points in one.points)
    axes = dict(drawings(found))["displacement_pinguins"].figure.axes[0]
    assert len(axes.lines) == 2


def test_a_run_minus_itself_is_nothing(two_sentences: MakeFolder) -> None:
    same = two_sentences()
    found = compared(same, same)
    assert (found.settings, caption(found)) == ((), "the same settings")
    assert [sentence.moved() for sentence in found.sentences] == [[], []]
    assert largest_changes(found).rows == []
    for sentence in found.sentences:
        assert not sentence.change.any()
        assert not any(values.any() for values in sentence.distances.values())


def test_tables_name_every_row_and_distance(two_sentences: MakeFolder) -> None:
    found = compared(two_sentences(), two_sentences("attention.scale=none"))
    table = row_distances(found)
    assert list(table.columns)[-len(DISTANCES) :] == list(DISTANCES)
    assert len(table.rows) == 2 * (2 + 3)
    rows: Any = table.rows
    for row in rows:
        sentence = found.sentences[["pinguins-1", "pinguins-2"].index(str(row[0]))]
        assert row[5] == sentence.queries[row[3]]
        assert row[-1] == sentence.distances["total_variation"][row[2], row[3]]


def test_both_runs_are_drawn_on_one_plane(tmp_path: Path) -> None:
    before = pipeline("plots=[]", f"outputs={tmp_path}").folder
    after = pipeline("attention.scale=none", "plots=[]", f"outputs={tmp_path}").folder
    drawn = dict(drawings(compared(before, after)))
    assert list(drawn) == ["difference_pinguins", "displacement_pinguins"]
    figure, table = drawn["displacement_pinguins"].figure, drawn["displacement_pinguins"].table
    # The seed's published places, up to sign: here the first entries of Os and of joelho.
    rows: Any = table.rows
    places = {row[1]: np.abs(row[2:4]) for row in rows}
    assert places["Os"] == pytest.approx([0.088, 0.089], abs=6e-4)
    assert places["joelho"] == pytest.approx([0.225, 0.030], abs=6e-4)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "PC 1 (46% of the static variance of both)"
    assert "scale sqrt_dk → none" in axes.get_title(loc="left")
    shown = {text.get_text() for text in axes.texts} - {""}
    assert shown == {"Os", "pinguins", "não", "tem", "joelho"}


def test_runs_of_different_widths_share_no_plane(tmp_path: Path) -> None:
    one, two = (
        pipeline("embeddings=gaussian", f"embeddings.width={width}", "plots=[]",
                 f"outputs={tmp_path}").folder
        for width in (4, 8)
    )  # fmt: skip
    assert list(dict(drawings(compared(one, two)))) == ["difference_pinguins"]


def test_a_long_caption_is_cut(tmp_path: Path) -> None:
    one = pipeline("plots=[]", f"outputs={tmp_path}").folder
    two = pipeline(
        "sentences.text=[[Os,tem,joelho,joelho,tem]]", "attention.temperature=2",
        "attention.scale=none", "attention.mask=causal", "plots=[]", f"outputs={tmp_path}",
    ).folder  # fmt: skip
    said = caption(compared(one, two))
    assert said.endswith(" and 3 more")
    assert said.startswith("text Os pinguins não tem jo…")
