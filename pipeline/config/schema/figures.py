"""Figures: how they are drawn and saved."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pipeline.config.schema.section import Section, Words
from pipeline.config.validators import integer, one_of, some_of
from pipeline.metrics import POOLINGS
from pipeline.plots import FIGURE_FORMATS, STYLES

PAPER, DEFAULT_PLOTS = "paper", ("heatmap", "displacement", "entropy")
PAPER_SETTINGS: dict[str, Any] = {"style": PAPER, "formats": ["pdf", "svg"]}


class FigureFiles(Section):
    """How a figure is saved."""

    formats: Annotated[Words, some_of(FIGURE_FORMATS, least=1)] = Field(
        description="the file formats that each figure is saved in"
    )
    dpi: Annotated[int, integer(36, 1200)] = Field(
        description="the resolution of png files, in pixels per inch"
    )
    style: Annotated[str, one_of(STYLES)] = Field(
        description="screen, or paper: svg and pdf files as wide as a column of a journal"
    )


class Figures(FigureFiles):
    """How a run's figures are drawn and saved."""

    pooling: Annotated[str, one_of(POOLINGS)] = Field(
        description="what a cell of a heatmap shows where a long sentence has many weights per "
        "cell: their mean or their maximum"
    )
