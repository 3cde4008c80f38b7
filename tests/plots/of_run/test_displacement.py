"""The displacement: where tokens start, where attention takes them, and labels one can read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.text import Annotation

from pipeline.base.drawing import Drawing
from pipeline.base.records import Array
from pipeline.plots.of_run.displacement import displacement
from pipeline.plots.parts.label_layout import place_labels
from pipeline.plots.parts.pca import fit
from pipeline.plots.parts.token_labels import label
from tests.golden import Golden
from tests.make import golden_outcome, outcome_of
from tests.plots.look import box, laid_out, outside, overlaps


def clouds(drawing: Drawing) -> tuple[Any, Any]:
    """The static points and the contextual ones, as they stand in the axes."""
    (axes,) = drawing.figure.axes
    found = [c for c in axes.collections if isinstance(c, PathCollection)]
    static, contextual = [c for c in found if len(np.asarray(c.get_offsets()))]
    return static, contextual


def labels(drawing: Drawing) -> list[Annotation]:
    """The labels of tokens that are shown, without the note on those left out."""
    (axes,) = drawing.figure.axes
    found = [text for text in axes.texts if isinstance(text, Annotation)]
    texts = [text for text in found if "left out" not in text.get_text()]
    return [text for text in texts if text.get_text()]


def points_of(table_of: Drawing) -> Array:
    """[N, 4] static and contextual points, as the table has them."""
    return np.array([row[2:] for row in table_of.table.rows], dtype=float)


def test_the_seed_s_points_to_three_digits_up_to_sign(golden: Golden) -> None:
    drawing = displacement(golden_outcome(), "")
    points = points_of(drawing)
    for axis in range(2):
        found = points[:, [axis, axis + 2]]
        published = np.stack([golden.static[:, axis], golden.contextual[:, axis]], axis=1)
        assert min(abs(found - published).max(), abs(found + published).max()) < 5.1e-4
    assert [row[:2] for row in drawing.table.rows] == list(enumerate(golden.tokens))
    assert drawing.table.columns == (
        "position", "token", "static_x", "static_y", "contextual_x", "contextual_y",
    )  # fmt: skip


INPUTS = {
    "seed": golden_outcome(),
    "heads": outcome_of("abcd", heads=2),
    "one token": outcome_of(["alone"]),
    "many": outcome_of([f"word{k}" for k in range(20)]),
}


@pytest.mark.parametrize("name", INPUTS)
def test_what_is_drawn_is_the_table_and_the_record(name: str) -> None:
    outcome = INPUTS[name]
    drawing = displacement(outcome, "")
    points = points_of(drawing)
    for cloud, found in zip(clouds(drawing), (points[:, :2], points[:, 2:]), strict=True):
        np.testing.assert_array_equal(np.asarray(cloud.get_offsets()), found)
    basis = fit(outcome.before)
    np.testing.assert_allclose(points[:, :2], basis.project(outcome.before), atol=1e-12)
    np.testing.assert_allclose(points[:, 2:], basis.project(outcome.after), atol=1e-12)


def test_a_token_has_one_color_a_faint_start_a_dashed_way_and_a_solid_end() -> None:
    drawing = displacement(golden_outcome(), "")
    (axes,) = drawing.figure.axes
    static, contextual = clouds(drawing)
    shades = [[to_hex(c) for c in cloud.get_facecolors()] for cloud in (static, contextual)]
    assert shades[0] == shades[1] == [to_hex(text.get_color()) for text in labels(drawing)]
    assert len(set(shades[0])) == 5
    assert static.get_alpha() <= 0.4
    assert contextual.get_alpha() is None
    lines = axes.get_lines()
    assert {line.get_linestyle() for line in lines} == {"--"}
    ways = [np.asarray(line.get_xydata()) for line in lines]
    np.testing.assert_array_equal([way[0] for way in ways], static.get_offsets())
    np.testing.assert_array_equal([way[1] for way in ways], contextual.get_offsets())
    assert [to_hex(line.get_color()) for line in lines] == shades[0]


@pytest.mark.parametrize("name", INPUTS)
def test_the_axes_say_how_much_of_the_variance_they_show(name: str) -> None:
    outcome = INPUTS[name]
    (axes,) = displacement(outcome, "").figure.axes
    shares = fit(outcome.before).explained
    said = [re.search(r"\((\d+)%", text) for text in (axes.get_xlabel(), axes.get_ylabel())]
    assert [int(found[1]) for found in said if found] == [round(100 * s) for s in shares]
    assert axes.get_aspect() == 1.0  # an inch across is an inch up: distances can be compared


CROWDS = {
    "all in one place": outcome_of(["same"] * 8),
    "long": outcome_of(["Donaudampfschifffahrt" + str(k) for k in range(12)]),
    "40 tokens": outcome_of([f"word{k}" for k in range(40)]),
}


@cache
def crowd(name: str) -> Drawing:
    """One drawing for all that look at it."""
    return displacement(CROWDS[name], "T = 1")


@pytest.mark.parametrize("name", CROWDS)
def test_labels_cover_neither_one_another_nor_a_point_nor_the_border(name: str) -> None:
    drawing = crowd(name)
    (axes,) = drawing.figure.axes
    drawing.figure.set_dpi(144)  # as saved
    renderer = laid_out(drawing)
    texts = labels(drawing)
    assert overlaps(texts, renderer, slack=2.0) == []
    assert outside(texts, drawing, renderer) == []
    for cloud in clouds(drawing):
        dots = axes.transData.transform(np.asarray(cloud.get_offsets()))
        for text in texts:
            words = box(text, renderer)
            assert not any(words.contains(x, y) for x, y in dots), text.get_text()


def test_a_label_stands_on_a_line_only_where_no_other_place_is_close() -> None:
    dot, size, frame = np.array([[100.0, 100.0]]), np.array([[30.0, 10.0]]), np.array([200.0] * 2)
    none, right = np.empty((0, 2)), np.array([[x, 100.0] for x in range(100, 160, 4)])
    everywhere = np.array(list(np.ndindex(50, 50))) * 4.0
    found = [place_labels(dot, size, none, frame, lines) for lines in (none, right, everywhere)]
    free, aside, anyway = np.array(found)[:, 0]
    assert free[0] > 100
    assert aside[2] < 100
    np.testing.assert_array_equal(anyway, free)


@pytest.mark.parametrize("name", CROWDS)
def test_every_label_is_there_or_counted_as_left_out(name: str) -> None:
    outcome, drawing = CROWDS[name], crowd(name)
    (axes,) = drawing.figure.axes
    notes = [text.get_text() for text in axes.texts if "left out" in text.get_text()]
    missing = len(outcome.tokens) - len(labels(drawing))
    expected = f"{missing} of {len(outcome.tokens)} labels left out for want of room"
    assert notes == ([expected] if missing else [])
    assert {text.get_text() for text in labels(drawing)} <= set(map(label, outcome.tokens))
    if len(outcome.tokens) <= 12:
        assert not missing


def test_every_label_is_near_its_own_point() -> None:
    drawing = displacement(golden_outcome(), "")
    _, contextual = clouds(drawing)
    anchors = [text.xy for text in labels(drawing)]
    np.testing.assert_allclose(anchors, np.asarray(contextual.get_offsets()), atol=1e-9)
    assert [text.get_text() for text in labels(drawing)] == list(golden_outcome().tokens)


@pytest.mark.parametrize("keys", [(), [f"k{i}" for i in range(300)]], ids=["self", "cross"])
def test_more_tokens_than_can_be_named_are_points_colored_by_position(keys: Sequence[str]) -> None:
    outcome = outcome_of([f"w{i}" for i in range(400)], keys=keys)
    drawing = displacement(outcome, "")
    axes = drawing.figure.axes[0]
    points = [c for c in axes.collections if isinstance(c, PathCollection)]
    start, end = [c for c in points if len(np.asarray(c.get_offsets()))]
    basis = fit(outcome.before)
    np.testing.assert_allclose(
        np.asarray(start.get_offsets(), float), basis.project(outcome.before)
    )
    np.testing.assert_allclose(np.asarray(end.get_offsets(), float), basis.project(outcome.after))
    assert np.asarray(end.get_array()).tolist() == list(range(400))
    assert len([c for c in axes.collections if isinstance(c, LineCollection)]) == (not keys)
    assert not axes.texts
    laid_out(drawing)
    assert len(drawing.table.rows) == (400 + len(keys) if keys else 400)
