"""Vector files: column widths, fonts and settings inside, the same bytes each time."""

from __future__ import annotations

import json
import re
import struct
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest

from pipeline.plots import FORMATS, PLOTS, STYLES, render
from pipeline.plots.vector import COLUMNS
from tests.command import pipeline
from tests.make import golden_outcome, outcome_of

HOSTILE = {"token": "</dc:description><script>alert(1)</script> (\\) é 🐧 \x00\n" + "x" * 10_000}
DRAWN = PLOTS["heatmap"](golden_outcome(), "T = 1")
every_format = pytest.mark.parametrize("file_format", FORMATS)


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
    content = render(DRAWN, file_format, 40, about=about)
    assert json.loads(described(content, file_format)) == HOSTILE
    assert content == render(DRAWN, file_format, 40, about=about)
    assert described(render(DRAWN, file_format, 40), file_format) == ""
    if file_format == "svg":
        assert b"<script>" not in content


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("file_format", ["svg", "pdf"])
def test_on_paper_a_figure_is_as_wide_as_columns(plot: str, file_format: str) -> None:
    drawing = PLOTS[plot](outcome_of(["a", "b", "c"]), "")
    wide, high = drawing.figure.get_size_inches()
    assert size(render(drawing, file_format, 40), file_format) == pytest.approx((wide, high))
    on_paper = size(render(drawing, file_format, 40, "paper"), file_format)
    assert min(abs(on_paper[0] - column) for column in COLUMNS) < 1e-4
    assert on_paper[0] <= wide or on_paper[0] == pytest.approx(COLUMNS[0])
    assert on_paper[0] / wide == pytest.approx(on_paper[1] / high, rel=1e-4)


def test_all_that_a_pdf_draws_is_scaled_with_its_page() -> None:
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream",
                         render(DRAWN, "pdf", 40, "paper"), flags=re.DOTALL)  # fmt: skip
    page = next(text for text in map(unpacked, streams) if b" cm\n" in text)
    factor = float(page.split(b" 0 0 ")[0].split()[-1])
    wide = float(DRAWN.figure.get_size_inches()[0])
    assert factor == pytest.approx(STYLES["paper"](wide) / wide, rel=1e-6)
    assert page.index(b" cm\n") < page.index(b" m\n")  # before anything is drawn


def unpacked(stream: bytes) -> bytes:
    """A stream of a PDF as text; nothing where it is none."""
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_a_pdf_holds_its_fonts_and_an_svg_its_letters() -> None:
    pdf, svg = (render(DRAWN, file_format, 40, "paper") for file_format in ("pdf", "svg"))
    assert b"/FontFile2" in pdf
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


def test_a_sweep_takes_it_too(tmp_path: Path) -> None:
    said = pipeline("-m", "plots=paper", "attention.scale=on,off", f"outputs={tmp_path}")
    assert (said.code, "Failed" in said.out) == (0, False)
    assert len(list(said.folder.glob("runs/*/figures/heatmap_*.pdf"))) == 2
