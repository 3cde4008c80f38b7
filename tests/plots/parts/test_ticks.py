"""Ticks of numbers: at the values while they are few, at round numbers beyond, and legible."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.plots.of_runs.curve import curve
from tests.plots.look import laid_out, overlaps, tick_labels

T = "attention.temperature"
ROUND = {
    "octaves": (
        [2.0**k for k in range(-3, 8)],
        ["0.2", "0.5", "1", "2", "5", "10", "20", "50", "100"],
    ),
    "decades": ([10.0**k for k in range(-4, 6)], [f"{10.0**k:g}" for k in range(-4, 6)]),
    "a crowd": ([1.0, *np.linspace(1.01, 1.09, 8), 9.0], ["1", "2", "5"]),
}


def labels_of(values: list[float], panels: int = 1) -> list[str]:
    """The labels of a curve's x axis, of which none covers another."""
    rows = [{T: t, "in": i, "entropy": 1.0} for t in values for i in range(panels)]
    drawing = curve(rows, T, None, "in" if panels > 1 else None, "entropy")
    renderer = laid_out(drawing)
    for axes in drawing.figure.axes:
        assert overlaps(tick_labels(axes, "x"), renderer) == []
    return [text.get_text() for text in tick_labels(drawing.figure.axes[-1], "x")]


@pytest.mark.parametrize("name", ROUND)
def test_many_values_far_apart_have_round_ticks(name: str) -> None:
    values, told = ROUND[name]
    found = labels_of(values)
    assert set(found) <= set(told)
    assert len(found) >= min(len(told), 5)


@pytest.mark.parametrize("panels", [1, 3])
@pytest.mark.parametrize(
    "values",
    [[1.0, 1.1, 1.2, 9.0], [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 0.9375, 1.0], [3.0]],
    ids=str,
)
def test_of_few_values_those_that_have_room(values: list[float], panels: int) -> None:
    found = labels_of(values, panels)
    assert {found[0], found[-1]} == {f"{values[0]:g}", f"{values[-1]:g}"}
    assert set(found) <= {f"{value:g}" for value in values}


def test_all_of_few_values_where_there_is_room() -> None:
    assert labels_of([0.25, 0.5, 1.0, 2.0, 4.0]) == ["0.25", "0.5", "1", "2", "4"]
