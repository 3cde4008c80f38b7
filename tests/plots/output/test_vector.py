"""Vector files: column widths, fonts and settings inside, the same bytes each time."""

from __future__ import annotations

import json
import re
import struct
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from matplotlib.text import Text

from pipeline.base.drawing import Drawing
from pipeline.plots import FIGURE_FORMATS, PLOTS, STYLES, render
from pipeline.plots.of_runs.curve import curve
from pipeline.plots.of_runs.difference import difference
from pipeline.plots.of_runs.multiples import GridAxis, Panel, multiples
from pipeline.plots.of_runs.paired_displacement import paired_displacement
from pipeline.plots.of_runs.waterfall import share_bars, waterfall
from pipeline.plots.output.vector import COLUMNS
from tests.command import pipeline
from tests.make import golden_outcome, outcome_of

HOSTILE = {"token": "</dc:description><script>alert(1)</script> (\\) é 🐧 \x00\n" + "x" * 10_000}
HEATMAP = PLOTS["heatmap"].draw(golden_outcome(), "T = 1")
SEEN = outcome_of(["a", "b", "c"])
T, SCALE = "attention.temperature", "attention.scale"
TOKENS = SEEN.tokens, SEEN.tokens
BOTH = (SEEN.before, SEEN.before), (SEEN.after, SEEN.before)
PANEL = Panel(SEEN.attended.weights[0], *TOKENS)
ROWS = [
    {T: t, SCALE: s, "in": i, "entropy": t, "entropy_uniform": 5.0}
    for t in (0.25, 1.0, 4.0)
    for s in ("on", "off")
    for i in "xyz"
]
CHANGES = {"scale: sqrt_dk → none": 0.1, "mask: none → causal": -0.6, "T: 1 → 2": 0.25}
MAKE: dict[str, Callable[[], Drawing]] = {  # every kind of figure
    **{name: partial(plot.draw, SEEN, "") for name, plot in PLOTS.items()},
    "curves": lambda: curve(ROWS, T, SCALE, "in", "entropy"),
    "difference": lambda: difference(SEEN.attended.weights - 0.3, *TOKENS, "T 1 → 2"),
    "displacements": lambda: paired_displacement(TOKENS[0], BOTH[0], None, BOTH[1], ""),
    "grid": lambda: multiples(
        [[PANEL] * 12], GridAxis("scale", ["on"]), GridAxis("T", [*"abcdefghijkl"]), ""
    ),
    "causes": lambda: waterfall(
        "entropy", (1.5, 1.25), list(CHANGES), list(CHANGES.values()), [0.0, 0.05, 0.0]
    ),
    "effects": lambda: share_bars("entropy", ["scale", "scale × temperature"], [0.8, 0.2]),
}
SMALLEST = 5.5  # points of a letter on paper; journals ask for 5 to 7
every_format = pytest.mark.parametrize("file_format", FIGURE_FORMATS)


def described(content: bytes, file_format: str) -> str:
    """What a file says of itself, read as its own readers do."""
    if file_format == "svg":
        root = ET.fromstring(content)
        return root.findtext(".//{http://purl.org/dc/elements/1.1/}description") or ""
    if file_format == "pdf":
        found = re.search(rb"/Subject \((.*?)(?<!\\)\)\s", content, flags=re.DOTALL)
        return re.sub(rb"\\([()\\])", rb"\1", found[1]).decode() if found else ""
    return dict(texts(content)).get("Description", "")


def texts(content: bytes) -> list[tuple[str, str]]:
    """The text chunks of a PNG, whose checksums hold."""
    found, place = [], 8
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack(">I", content[place + 8 + length : place + 12 + length])
        assert checksum == zlib.crc32(kind + data)
        if kind == b"tEXt":
            keyword, _, text = data.partition(b"\0")
            found.append((keyword.decode(), text.decode("ascii")))
        place += 12 + length
    return found


def size(content: bytes, file_format: str) -> tuple[float, float]:
    """Width and height of a vector file in inches."""
    pattern = rb'width="([\d.]+)pt" height="([\d.]+)pt"'
    if file_format == "pdf":
        pattern = rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]"
    found = re.search(pattern, content)
    assert found
    return float(found[1]) / 72, float(found[2]) / 72


@every_format
def test_every_figure_carries_what_it_is_told_whatever_is_in_it(file_format: str) -> None:
    about = json.dumps(HOSTILE)
    content = render(HEATMAP, file_format, 40, about=about)
    assert json.loads(described(content, file_format)) == HOSTILE
    assert content == render(HEATMAP, file_format, 40, about=about)
    assert described(render(HEATMAP, file_format, 40), file_format) == ""
    if file_format == "svg":
        assert b"<script>" not in content


every_figure = pytest.mark.parametrize("name", MAKE)


@cache
def file_of(name: str, file_format: str, style: str = "paper") -> bytes:
    """One file for all tests that read it."""
    return render(drawing_of(name), file_format, 40, style)


@cache
def drawing_of(name: str) -> Drawing:
    """One drawing for all tests that look at it."""
    return MAKE[name]()


@pytest.mark.slow
@every_figure
def test_a_file_is_the_same_whatever_other_files_the_figure_was_saved_as(name: str) -> None:
    files = {form: file_of(name, form) for form in FIGURE_FORMATS}
    again = MAKE[name]()
    assert {form: render(again, form, 40, "paper") for form in FIGURE_FORMATS[::-1]} == files


@every_figure
def test_the_smallest_letter_on_paper_can_be_read(name: str) -> None:
    figure = drawing_of(name).figure
    width = float(figure.get_size_inches()[0])
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text()]
    assert min(map(float, sizes)) * STYLES["paper"](width) / width >= SMALLEST


@pytest.mark.slow
@every_figure
@pytest.mark.parametrize("file_format", ["svg", "pdf"])
def test_on_paper_a_figure_is_as_wide_as_columns(name: str, file_format: str) -> None:
    width, height = drawing_of(name).figure.get_size_inches()
    screen, paper = (size(file_of(name, file_format, style), file_format) for style in STYLES)
    assert screen == pytest.approx((width, height))
    assert min(abs(paper[0] - column) for column in COLUMNS) < 1e-4
    assert paper[0] <= width or paper[0] == pytest.approx(COLUMNS[0])
    assert paper[0] / width == pytest.approx(paper[1] / height, rel=1e-4)


@pytest.mark.slow
@every_figure
def test_all_that_a_pdf_draws_is_scaled_with_its_page(name: str) -> None:
    (factor, screen), (scaled, paper) = (drawn(file_of(name, "pdf", style)) for style in STYLES)
    width = float(drawing_of(name).figure.get_size_inches()[0])
    assert (factor, scaled) == pytest.approx((1.0, STYLES["paper"](width) / width), rel=1e-6)
    assert paper == screen  # no line is cut


def drawn(pdf: bytes) -> tuple[float, bytes]:
    """How a PDF's page is scaled before anything is drawn, and what is then drawn on it."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.DOTALL)
    page = next(text for text in map(unpacked, streams) if b" cm\n" in text)
    above, _, below = page.partition(b" 0 0 cm\n")
    assert b" m\n" not in above
    return float(above.split()[-1]), below


def unpacked(stream: bytes) -> bytes:
    """A stream of a PDF as text; nothing where it is none."""
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


@pytest.mark.slow
@every_figure
def test_a_pdf_holds_its_fonts_and_an_svg_its_letters(name: str) -> None:
    pdf, svg = file_of(name, "pdf"), file_of(name, "svg")
    fonts = pdf.count(b"/Type /FontDescriptor")
    assert pdf.count(b"/FontFile2") == fonts > 0
    assert b"<text" not in svg
    assert b"font-family" not in svg


def test_plots_paper_is_the_usual_plots_for_print(tmp_path: Path) -> None:
    said = pipeline("plots=paper", f"outputs={tmp_path}")
    assert said.code == 0
    names = sorted(path.name for path in (said.folder / "figures").iterdir())
    assert names == [
        f"{plot}_pinguins.{ending}"
        for plot in ("displacement", "entropy", "heatmap")
        for ending in ("csv", "pdf", "svg")
    ]
    config = (said.folder / ".hydra" / "config.yaml").read_text(encoding="utf-8")
    assert "style: paper" in config
    content = (said.folder / "figures" / "heatmap_pinguins.svg").read_bytes()
    assert json.loads(described(content, "svg"))["attention"]["scale"] == "sqrt_dk"
    assert round(25.4 * size(content, "svg")[0]) == 140
    explicit = ["plots=[heatmap,displacement,entropy]", "figures.style=paper",
                "figures.formats=[pdf,svg]"]  # fmt: skip
    other = pipeline(*explicit, f"outputs={tmp_path}").folder
    for name in names:
        a, b = ((folder / "figures" / name).read_bytes() for folder in (said.folder, other))
        assert a == b, name


@pytest.mark.slow
def test_a_sweep_takes_it_too(tmp_path: Path) -> None:
    asked = ["plots=paper", "attention.scale=on,off", "attention.temperature=1,4"]
    said = pipeline("-m", *asked, "sweep.workers=1", f"outputs={tmp_path}")
    assert (said.code, "Failed" in said.out) == (0, False)
    assert len(list(said.folder.glob("runs/*/figures/heatmap_*.pdf"))) == 4
    figures = said.folder / "figures"
    assert {path.suffix for path in figures.iterdir()} == {".csv", ".pdf", ".svg"}
    for file_format in ("pdf", "svg"):
        content = (figures / f"entropy_against_temperature.{file_format}").read_bytes()
        assert round(25.4 * size(content, file_format)[0]) == 140
        about = json.loads(described(content, file_format))
        assert (about["sweep"], about["overrides"]) == ("pinguins", asked)
        assert about["varied"] == {SCALE: [["on"], ["off"]], T: [["1"], ["4"]]}
        assert about["held"]["attention.mask"] == "none"
        assert not {SCALE, T, "plots", "figures.style"} & set(about["held"])
