"""Figures: each in every format, beside a CSV of what it draws."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.base.drawing import Drawing
from pipeline.plots import render
from pipeline.store.atomic import write_file
from pipeline.store.layout import slug
from pipeline.store.write.table import write_csv


def write_figures(
    folder: Path,
    drawings: Iterable[tuple[str, Drawing]],
    formats: Sequence[str],
    dpi: int,
    style: str = "screen",
    about: Mapping[str, Any] | None = None,
) -> list[str]:
    """Each figure in each format, beside a CSV of the same name with what it draws.

    `about`, such as the settings, goes into the metadata of each as ASCII JSON.
    """
    metadata = json.dumps(about) if about else ""
    names = []
    for name, drawing in drawings:
        names.append(slug(name))
        for file_format in formats:
            path = folder / f"{names[-1]}.{file_format}"
            write_file(path, render(drawing, file_format, dpi, style, metadata))
        write_csv(folder / f"{names[-1]}.csv", drawing.table)
    return names
