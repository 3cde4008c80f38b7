"""Embeddings: what a token's vector is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.schema.section import Section, Vectors, Words
from pipeline.config.validators import integer, one_of, vector_table, word_list
from pipeline.embed import POSITIONS, SOURCES, UNKNOWN


class Embeddings(Section):
    """What every kind of embedding set has."""

    unknown: Annotated[str, one_of(UNKNOWN)] = Field(
        description="the rule for a token without a vector"
    )
    positions: Annotated[str, one_of(POSITIONS)] = Field(
        description="what is added to the vector at each place"
    )


class Handmade(Embeddings):
    """Vectors written in the YAML."""

    kind: Literal["handmade"] = Field(description="the kind of embedding set")
    table: Annotated[Vectors, vector_table()] = Field(
        description="tokens and their vectors, all of one width"
    )


class OneHot(Embeddings):
    """A word an axis."""

    kind: Literal["one_hot"] = Field(description="the kind of embedding set")
    vocabulary: Annotated[Words | None, word_list()] = Field(
        description="the known words; null for those of the sentences"
    )


class Gaussian(Embeddings):
    """Random vectors, seeded by the word."""

    kind: Literal["gaussian"] = Field(description="the kind of embedding set")
    width: Annotated[int, integer(1, 65536)] = Field(description="entries of a vector, D")
    vocabulary: Annotated[Words | None, word_list()] = Field(
        description="the known words; null for every word"
    )


class Glove(Embeddings):
    """Real word vectors."""

    kind: Literal["glove"] = Field(description="the kind of embedding set")
    source: Annotated[str, one_of(SOURCES)] = Field(
        description="fixture: 11,000 words shipped here; package: all 400,000, an extra"
    )
