"""The heatmap shows the weights as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from pipeline.base.drawing import Drawing
from pipeline.plots.of_run.heatmap import heatmap
from pipeline.plots.parts.matrix import MASKED, MAX_NUMBERED
from pipeline.plots.parts.token_labels import label
from tests.golden import Golden
from tests.make import golden_outcome, outcome_of
from tests.plots.look import laid_out, outside, overlaps, tick_labels, words


def panels(drawing: Drawing) -> list[Axes]:
    """The axes that hold weights, without the color bar."""
    return [axes for axes in drawing.figure.axes if axes.get_xlabel().startswith("Keys")]


def tokens(count: int) -> list[str]:
    """That many different words."""
    return [f"word{k}" for k in range(count)]


def test_the_seed_s_heatmap(golden: Golden) -> None:
    drawing = heatmap(golden_outcome(), "scale sqrt_dk, T = 1")
    (axes,) = panels(drawing)
    (image,) = axes.images
    np.testing.assert_allclose(np.asarray(image.get_array()), golden.weights, atol=5e-9)
    assert image.get_cmap().name == "viridis"
    assert image.get_clim() == pytest.approx((0.0, 0.33911868))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Keys", "Queries")
    for axis in ("x", "y"):
        assert [text.get_text() for text in tick_labels(axes, axis)] == list(golden.tokens)
    assert "Attention weights\nscale sqrt_dk, T = 1" in words(drawing.figure)
    assert "Attention weight" in {other.get_ylabel() for other in drawing.figure.axes}
    # Queries go down: the first row is on top.
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_each_cell_of_the_seed_s_heatmap_shows_its_weight_to_two_decimals(golden: Golden) -> None:
    (axes,) = panels(heatmap(golden_outcome(), ""))
    shown = {text.get_position(): text.get_text() for text in axes.texts}
    assert shown == {
        (key, query): f"{weight:.2f}" for (query, key), weight in np.ndenumerate(golden.weights)
    }


@pytest.mark.parametrize(("count", "annotated"), [(MAX_NUMBERED, True), (MAX_NUMBERED + 1, False)])
def test_numbers_stand_in_the_cells_up_to_12_tokens(count: int, annotated: bool) -> None:
    assert MAX_NUMBERED == 12
    drawing = heatmap(outcome_of(tokens(count)), "")
    (axes,) = panels(drawing)
    assert len(axes.texts) == (count**2 if annotated else 0)
    assert overlaps(axes.texts, laid_out(drawing)) == []


def test_numbers_stand_out_from_their_cells() -> None:
    (axes,) = panels(heatmap(outcome_of(tokens(12)), ""))
    (image,) = axes.images
    for text in axes.texts:
        key, query = (int(place) for place in text.get_position())
        weight = np.asarray(image.get_array())[query, key]
        red, green, blue, _ = np.ravel(image.to_rgba(np.array([weight])))
        ink = to_rgba(text.get_color())
        light = 0.299 * (red - ink[0]) + 0.587 * (green - ink[1]) + 0.114 * (blue - ink[2])
        assert abs(light) > 0.4


def test_masked_cells_are_blank_and_no_small_weight() -> None:
    (axes,) = panels(heatmap(outcome_of(tokens(4), mask="causal"), ""))
    (image,) = axes.images
    values: Any = image.get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(values), ~np.tri(4, dtype=bool))
    assert to_rgba(axes.get_facecolor()) == to_rgba(MASKED)
    assert {text.get_position() for text in axes.texts if not text.get_text()} == {
        (key, query) for query in range(4) for key in range(query + 1, 4)
    }
    assert image.cmap(np.ma.masked)[3] == 0  # nothing is painted over the background


def test_every_head_has_a_panel_and_all_one_scale() -> None:
    outcome = outcome_of(tokens(5), heads=3)
    drawing = heatmap(outcome, "")
    axes = panels(drawing)
    assert [one.get_title(loc="left") for one in axes] == ["head 0", "head 1", "head 2"]
    for one, weights in zip(axes, outcome.attended.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one.images[0].get_array()), weights)
    assert {one.images[0].get_clim() for one in axes} == {(0.0, outcome.attended.weights.max())}


def test_the_table_is_the_weights() -> None:
    outcome = outcome_of(tokens(3), heads=2)
    table = heatmap(outcome, "").table
    assert table.columns == ("head", "query_position", "query", "key_position", "key", "weight")
    for (place, weight), row in zip(
        np.ndenumerate(outcome.attended.weights), table.rows, strict=True
    ):
        head, query, key = place
        assert row == (head, query, f"word{query}", key, f"word{key}", weight)


def test_ticks_are_thinned_and_legible_up_to_256_tokens() -> None:
    names = [f"a long word {k}" for k in range(256)]
    drawing = heatmap(outcome_of(names), "")
    (axes,) = panels(drawing)
    renderer = laid_out(drawing)
    for axis in ("x", "y"):
        labels = tick_labels(axes, axis)
        assert 16 <= len(labels) <= 256
        assert labels[0].get_text() == label(names[0])
        assert min(float(text.get_fontsize()) for text in labels) >= 8
        assert overlaps(labels, renderer) == []
        assert outside(labels, drawing, renderer) == []


@pytest.mark.parametrize(
    ("word", "count", "heads"),
    [("mmmmm", 8, 1), ("m" * 17, 2, 1), ("m", 16, 2)],
)
def test_labels_of_any_width_fit(word: str, count: int, heads: int) -> None:
    names = [f"{k}{word}" for k in range(count)]
    drawing = heatmap(outcome_of(names, heads=heads), "")
    renderer = laid_out(drawing)
    for axes in panels(drawing):
        for axis in ("x", "y"):
            labels = tick_labels(axes, axis)
            assert len(labels) == count
            assert overlaps(labels, renderer) == []
            assert outside(labels, drawing, renderer) == []


def test_beyond_256_tokens_neighbors_share_cells_and_the_title_says_so() -> None:
    outcome = outcome_of(tokens(257), heads=2, mask="causal")
    drawing = heatmap(outcome, "T = 1")
    axes, bins = panels(drawing), 129
    title = "Attention weights, the mean of 2 × 2 in each cell\nT = 1"
    assert title in words(drawing.figure)
    pooled = outcome.metrics.totals.pooled
    assert pooled is not None
    for one, values in zip(axes, pooled.values, strict=True):
        (image,) = one.images
        shown: Any = image.get_array()
        assert shown.shape == (bins, bins)
        np.testing.assert_array_equal(np.ma.getmaskarray(shown), np.isnan(values))
        assert (one.get_xlabel(), one.get_ylabel()) == (
            "Keys, by position",
            "Queries, by position",
        )
    renderer = laid_out(drawing)
    for one in axes:
        for axis in ("x", "y"):
            labels = tick_labels(one, axis)
            assert [int(text.get_text()) % 50 for text in labels] == [0] * len(labels)
            assert overlaps(labels, renderer) == []
            assert outside(labels, drawing, renderer) == []
    columns = ("head", "first_query", "last_query", "first_key", "last_key", "mean_weight")
    assert drawing.table.columns == columns
    assert drawing.table.rows[-1][1:5] == (256, 256) * 2
