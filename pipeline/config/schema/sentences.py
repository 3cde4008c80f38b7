"""Sentences: what is attended to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.config.schema.section import Section, Texts
from pipeline.config.validators import flag, non_empty, optional, sentence_texts


class Sentences(Section):
    """What is attended to: the config's own text, or a file's."""

    name: Annotated[str, non_empty("a name")] = Field(
        description="what files and tables call the set"
    )
    text: Annotated[Texts | None, sentence_texts()] = Field(
        description="a text, a list of texts, or a list of lists of tokens; null with a path"
    )
    path: Annotated[str | None, optional(non_empty("the path of a UTF-8 text file"))] = Field(
        description="a UTF-8 text file, a sentence a line, in place of text"
    )
    keys: Annotated[Texts | None, sentence_texts()] = Field(
        description="what is attended to, one text for all or one a sentence; null for itself"
    )
    split_punctuation: Annotated[bool, flag()] = Field(
        description="whether punctuation marks become tokens of their own"
    )

    @model_validator(mode="after")
    def one_source(self) -> Sentences:
        if (self.text is None) == (self.path is None):
            given = "both" if self.text else "neither"
            raise ValueError(f"got {given}, expected either text or path (sentences.path=my.txt)")
        return self
