"""Characters that no file of a figure can hold: figures show a stand-in, their tables the text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pipeline.base.drawing import Drawing
from pipeline.plots import PLOTS, render
from pipeline.plots.of_runs.curve import curve
from pipeline.plots.of_runs.difference import difference
from pipeline.plots.of_runs.multiples import GridAxis, Panel, multiples
from pipeline.plots.of_runs.paired_displacement import paired_displacement
from pipeline.plots.of_runs.waterfall import share_bars, waterfall
from tests.command import pipeline
from tests.make import outcome_of
from tests.plots.look import laid_out, words

CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
OTHERS = [0xFEFF, 0xFFFE, 0xFFFF, 0xFDD0, 0xD800, 0xDFFF]
UNSEEN = [chr(code) for code in (*CONTROLS, *OTHERS)]
# Eight a token, so that no label is cut; and some alone at the start, where a PDF once broke.
TOKENS = [
    *("".join(UNSEEN[first : first + 8]) + "!" for first in range(0, len(UNSEEN), 8)),
    *(f"{unseen}bom" for unseen in "\ufeff\0\x1b\ufffe"),
]
HOSTILE = "".join(map(chr, (7, *OTHERS)))
OUTCOME = outcome_of(TOKENS)
POINTS = OUTCOME.before[:, :2]
ROWS = [
    {"x": x, "hue": f"{HOSTILE[:4]}{h}", "panel": HOSTILE[:4], "m": 0.5}
    for x in (1, 2)
    for h in "ab"
]
STEPS = [HOSTILE, "b"]
ALONG = GridAxis(HOSTILE, [HOSTILE])


def weights() -> Panel:
    """The weights of the hostile tokens, as a panel."""
    return Panel(OUTCOME.attended.weights[0], TOKENS, TOKENS)


DRAWN: dict[str, Callable[[], Drawing]] = {
    **{name: partial(plot.draw, OUTCOME, HOSTILE) for name, plot in PLOTS.items()},
    "difference": lambda: difference(OUTCOME.attended.weights, TOKENS, TOKENS, HOSTILE),
    "shared": lambda: paired_displacement(
        TOKENS, (POINTS, POINTS), None, (POINTS, POINTS), HOSTILE
    ),
    "multiples": lambda: multiples([[weights()]], ALONG, ALONG, HOSTILE),
    "curve": lambda: curve(ROWS, "x", "hue", "panel", "m"),
    "waterfall": lambda: waterfall("entropy", (0.0, 1.0), STEPS, [0.75, 0.25], [0.0, 0.0]),
    "share_bars": lambda: share_bars("entropy", STEPS, [0.75, 0.25]),
}


@pytest.mark.parametrize("figure", DRAWN)
def test_every_text_can_be_seen_and_every_file_is_whole(figure: str) -> None:
    drawing = DRAWN[figure]()
    laid_out(drawing)
    texts = words(drawing.figure)
    assert [text for text in texts if set(text) & set(UNSEEN) - {"\n"}] == []
    assert any("\ufffd" in text for text in texts)
    assert ET.fromstring(render(drawing, "svg", 40)).tag.endswith("svg")
    assert render(drawing, "pdf", 40).startswith(b"%PDF")


def test_a_run_of_them_is_drawn_on_paper_and_its_tables_have_the_text(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("w \ufeffbom \x1b[31mred a\x07b \x00 \ufffe z\n", encoding="utf-8")
    said = pipeline("sentences=file", f"sentences.path={lines}", "embeddings=gaussian",
                    "plots=paper", "stages=[scaled]", f"outputs={tmp_path}")  # fmt: skip
    assert (said.code, said.err) == (0, "")
    figures = said.folder / "figures"
    for path in figures.glob("*.svg"):
        ET.parse(path)
    assert len(list(figures.glob("*.pdf"))) == len(list(figures.glob("*.svg"))) == 4
    for path in figures.glob("*.csv"):
        assert "\ufeffbom" in path.read_text(encoding="utf-8"), path
