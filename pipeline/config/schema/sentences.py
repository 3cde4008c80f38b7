"""Sentences: what is attended to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.config.schema.section import Section, Texts
from pipeline.config.structures import sentence_texts
from pipeline.config.validators import flag, non_empty, optional


class Sentences(Section):
    """The sentences: a text of the config, or a file."""

    name: Annotated[str, non_empty("a name")] = Field(
        description="the name of the set, in files and tables"
    )
    text: Annotated[Texts | None, sentence_texts()] = Field(
        description="the sentences: a text, a list of texts, or a list of lists of tokens; null "
        "where path is set"
    )
    path: Annotated[str | None, optional(non_empty("the path of a UTF-8 text file"))] = Field(
        description="a UTF-8 file with one sentence per line, in place of text; null where "
        "text is set"
    )
    keys: Annotated[Texts | None, sentence_texts()] = Field(
        description="cross-attention: the text that is attended to, one for all sentences or one "
        "per sentence; null for self-attention"
    )
    split_punctuation: Annotated[bool, flag()] = Field(
        description="whether punctuation marks are tokens of their own ('knees.' is two tokens)"
    )

    @model_validator(mode="after")
    def one_source(self) -> Sentences:
        if (self.text is None) == (self.path is None):
            which = "both" if self.text else "neither"
            raise ValueError(f"got {which}, expected either text or path (sentences.path=my.txt)")
        return self
