"""Labels, colors and files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from pipeline.base.drawing import Drawing
from pipeline.base.tables import Table
from pipeline.plots import FIGURE_FORMATS, render
from pipeline.plots.output.style import colors, new_figure
from pipeline.plots.parts.token_labels import MAX_LABEL, REPLACEMENT, label


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_a_label_is_one_line_short_and_begins_as_its_token(token: str) -> None:
    shown = label(token)
    assert 0 < len(shown) <= MAX_LABEL
    assert len(shown.splitlines()) == 1
    begins = zip(shown.removesuffix("…"), " ".join(token.split()), strict=False)
    assert all(seen in (given, REPLACEMENT) for seen, given in begins)


def test_short_tokens_are_shown_as_they_are() -> None:
    for token in ("Os", "$x$", "não", "a" * MAX_LABEL):
        assert label(token) == token
    assert label("a" * (MAX_LABEL + 1)) == "a" * (MAX_LABEL - 1) + "…"


def test_the_first_color_is_blue_and_the_second_orange() -> None:
    assert colors(2) == ["#0072b2", "#d55e00"]


@pytest.mark.parametrize("count", [1, 5, 8, 9, 40])
def test_colors_differ_and_are_dark_enough_for_text(count: int) -> None:
    found = colors(count)
    assert len(set(found)) == count
    for color in found:
        red, green, blue = to_rgb(color)
        assert 0.299 * red + 0.587 * green + 0.114 * blue < 0.72


@pytest.mark.parametrize("file_format", FIGURE_FORMATS)
def test_a_file_begins_as_its_format_does_and_holds_no_date(file_format: str) -> None:
    figure = new_figure(2, 2)
    figure.subplots().plot([0, 1])
    content = render(Drawing(figure, Table((), ())), file_format, 50)
    heads = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert content.startswith(heads[file_format])
    assert b"CreationDate" not in content
    assert b"<dc:date>" not in content
