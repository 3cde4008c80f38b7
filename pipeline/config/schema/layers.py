"""Layers: attention applied to its own output."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipeline.config.schema.section import Section
from pipeline.config.validators import flag, integer


class Layers(Section):
    """Attention applied again to its own output."""

    count: Annotated[int, integer(1, 256)] = Field(description="the number of layers L")
    residual: Annotated[bool, flag()] = Field(
        description="whether each layer adds its input to its output: x + attention(x)"
    )
