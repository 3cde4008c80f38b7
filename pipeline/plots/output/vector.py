"""SVG and PDF files: the same bytes each time, with fonts and settings inside.

An SVG holds its letters as outlines, a PDF the part of the font that it uses. For paper the whole
figure is scaled to the width of one, one and a half or two columns of a journal, as LaTeX's
\\includegraphics would do it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


COLUMNS = tuple(millimeters / 25.4 for millimeters in (90, 140, 190))  # inches; Elsevier's widths
SIZE = re.compile(rb'width="[\d.]+pt" height="[\d.]+pt"')


def on_screen(width: float) -> float:
    """The width of a figure in inches, unchanged."""
    return width


def in_columns(width: float) -> float:
    """The widest column that is not wider than the figure, or else the narrowest.

    >>> [round(25.4 * in_columns(width)) for width in (2.0, 4.0, 6.2, 11.0)]
    [90, 90, 140, 190]
    """
    return max((column for column in COLUMNS if column <= width), default=COLUMNS[0])


STYLES: dict[str, Callable[[float], float]] = {"screen": on_screen, "paper": in_columns}


def svg(figure: Figure, factor: float, about: str) -> bytes:
    """The figure as SVG, scaled by `factor`."""
    buffer = io.BytesIO()
    metadata: Any = {"Date": None, "Description": about or None}
    figure.savefig(buffer, format="svg", metadata=metadata)
    width, height = (72 * factor * inches for inches in figure.get_size_inches())
    size = f'width="{width:.6g}pt" height="{height:.6g}pt"'.encode()
    return SIZE.sub(size, buffer.getvalue(), count=1)


def pdf(figure: Figure, factor: float, about: str) -> bytes:
    """The figure as PDF: a page scaled by `factor`, and everything drawn on it likewise."""
    from matplotlib.backends.backend_mixed import MixedModeRenderer
    from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf

    buffer, before = io.BytesIO(), figure.dpi
    metadata: Any = {"CreationDate": None, "Subject": about or None}
    width, height = figure.get_size_inches()
    figure.dpi = 72.0  # the unit of PDF is the point
    file = PdfFile(buffer, metadata=metadata)
    try:
        file.newPage(factor * width, factor * height)
        file.output(factor, 0, 0, factor, 0, 0, Op.concat_matrix)
        file.width, file.height = width, height  # lines are clipped to it before scaling
        inner = RendererPdf(file, before, height, width)
        renderer: Any = MixedModeRenderer(figure, width, height, before, inner)
        figure.draw(renderer)
        renderer.finalize()
        file.finalize()
    finally:
        figure.dpi = before
    return buffer.getvalue()


VECTORS: dict[str, Callable[[Figure, float, str], bytes]] = {"svg": svg, "pdf": pdf}
