"""The displacement of two runs: a label stands on no line between a token's two points."""

from __future__ import annotations

import numpy as np

from pipeline.plots.of_runs.paired_displacement import paired_displacement
from tests.plots.look import box, laid_out

WORDS = ["one", "two", "three"]
BEFORE = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 2.0, 0.0]])


def test_no_label_is_struck_through_by_the_way_from_one_run_to_the_other() -> None:
    after = BEFORE - [4.0, 0.0, 0.0]  # to the left, so that the first place of a label is taken
    drawing = paired_displacement(WORDS, (BEFORE, after), None, (BEFORE, after), "")
    renderer = laid_out(drawing)
    (axes,) = drawing.figure.axes
    labels = [text for text in axes.texts if text.get_text() in WORDS]
    assert len(labels) == 3
    for line in axes.get_lines():
        path = line.get_transform().transform(line.get_xydata())
        way = path[0] + np.linspace(0.0, 1.0, 99)[:, None] * (path[1] - path[0])
        for text in labels:
            assert not box(text, renderer).count_contains(way)
