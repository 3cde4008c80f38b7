"""Waterfall: bars that lead from one value to the other."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.base.drawing import Drawing
from pipeline.base.tables import Table
from pipeline.compare.causes.show import effect_bars
from pipeline.plots import render
from pipeline.plots.of_runs.waterfall import share_bars, waterfall
from tests.plots.look import laid_out, outside, overlaps, tick_labels, words

LABELS = ["scale: sqrt_dk → none", "mask: none → causal", "T: 1 → 2"]
PARTS = [0.1, -0.6, 0.25]
DRAWN = waterfall("entropy", (1.5, 1.25), LABELS, PARTS, [0.0, 0.05, 0.0])


def bars_of(drawing: Drawing) -> list[Any]:
    """The bars, from the top."""
    return list(drawing.figure.axes[0].patches)


def test_each_bar_starts_where_the_last_one_ended_the_largest_first() -> None:
    bars = [(bar.get_x(), bar.get_width()) for bar in bars_of(DRAWN)]
    assert [width for _, width in bars] == pytest.approx([-0.6, 0.25, 0.1])
    assert [x for x, _ in bars] == pytest.approx([1.5, 0.9, 1.15])
    assert bars[-1][0] + bars[-1][1] == pytest.approx(1.25)
    assert [row[0] for row in DRAWN.table.rows] == [LABELS[1], LABELS[2], LABELS[0]]
    for bar in bars_of(DRAWN):
        low, high = DRAWN.figure.axes[0].get_xlim()
        assert low < bar.get_x() + min(bar.get_width(), 0.0) < high


def test_what_rises_and_what_falls_have_colors_of_their_own() -> None:
    colors = {bar.get_width() > 0: bar.get_facecolor() for bar in bars_of(DRAWN)}
    assert colors[True] != colors[False]


def test_it_names_every_step_and_none_covers_another() -> None:
    renderer = laid_out(DRAWN)
    labels = tick_labels(DRAWN.figure.axes[0], "y")
    assert [text.get_text() for text in labels] == [
        "baseline: 1.5", LABELS[1], LABELS[2], LABELS[0], "run: 1.25",
    ]  # fmt: skip
    assert overlaps([*labels, *DRAWN.figure.axes[0].texts], renderer) == []
    assert outside([*labels, *DRAWN.figure.axes[0].texts], DRAWN, renderer) == []
    assert {"+0.1", "−0.6", "+0.25", "What changed entropy"} <= set(words(DRAWN.figure))


@pytest.mark.parametrize("text", ["$x^2$ → $", "a" * 500])
def test_any_setting_can_be_shown(text: str) -> None:
    drawing = waterfall("entropy", (0.0, 0.0), [text], [0.0], [0.0])
    assert render(drawing, "png", 40)[:4] == b"\x89PNG"


def test_an_effect_has_the_short_names_of_its_settings_where_they_are_told_apart() -> None:
    rows = [("attention.scale", 0.5), ("attention.scale × seed", 0.25), ("all", 1.0)]
    ((name, drawing),) = effect_bars(Table(("effect", "entropy"), rows))
    assert name == "effects_entropy"
    assert [row[0] for row in drawing.table.rows] == ["scale", "scale × seed"]
    rows = [("embeddings.kind", 0.5), ("projection.kind", 0.25), ("all", 1.0)]
    ((_, drawing),) = effect_bars(Table(("effect", "entropy"), rows))
    assert [row[0] for row in drawing.table.rows] == ["embeddings.kind", "projection.kind"]


def test_shares_are_bars_of_percent_the_largest_first() -> None:
    drawing = share_bars("entropy", ["a", "b"], [0.2, 0.8])
    assert [bar.get_width() for bar in bars_of(drawing)] == pytest.approx([0.8, 0.2])
    assert {"80.0%", "20.0%"} <= set(words(drawing.figure))
