"""Projection: embeddings to query, key and value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.schema.section import Section
from pipeline.config.validators import integer, one_of, optional
from pipeline.model import OUTPUTS


class Identity(Section):
    """Query, key and value are the embeddings: Q = K = V = E."""

    kind: Literal["identity"] = Field(description="the kind of projection")


class Random(Section):
    """Independent random matrices W_Q, W_K and W_V, drawn from the seed."""

    kind: Literal["random"] = Field(description="the kind of projection")
    heads: Annotated[int, integer(1, 4096)] = Field(description="the number of heads H")
    key_heads: Annotated[int | None, optional(integer(1, 4096))] = Field(
        description="the number of heads of keys and values, which must divide heads "
        "(grouped-query attention); null for as many as heads"
    )
    key_width: Annotated[int | None, optional(integer(1, 65536))] = Field(
        description="the width d_k of a query and a key in each head; null for the width of the "
        "embeddings divided by heads"
    )
    value_width: Annotated[int | None, optional(integer(1, 65536))] = Field(
        description="the width of a value in each head; null for the width of the embeddings "
        "divided by heads"
    )
    output: Annotated[str, one_of(OUTPUTS)] = Field(
        description="the matrix W_O that brings the heads back to the width of the embeddings"
    )


AnyProjection = Identity | Random
