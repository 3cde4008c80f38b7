"""Projection: embeddings to query, key and value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.schema.section import Section
from pipeline.config.validators import integer, one_of, optional
from pipeline.model import OUTPUTS


class Identity(Section):
    """Q = K = V = the embeddings."""

    kind: Literal["identity"] = Field(description="the kind of projection")


class Random(Section):
    """Independent random W_Q, W_K and W_V."""

    kind: Literal["random"] = Field(description="the kind of projection")
    heads: Annotated[int, integer(1, 4096)] = Field(description="count of heads, H")
    key_heads: Annotated[int | None, optional(integer(1, 4096))] = Field(
        description="heads of keys and values, a divisor of heads; null for as many"
    )
    key_width: Annotated[int | None, optional(integer(1, 65536))] = Field(
        description="d_k a head; null for the embedding width over the heads"
    )
    value_width: Annotated[int | None, optional(integer(1, 65536))] = Field(
        description="width of a value a head; null likewise"
    )
    output: Annotated[str, one_of(OUTPUTS)] = Field(
        description="W_O, which brings the heads back to the embeddings' width"
    )
