"""Sentence → Embedded: one file a kind of embedding set, and one entry here."""

from pipeline.embed.embed import EMBEDDINGS, embed
from pipeline.embed.glove import SOURCES
from pipeline.embed.positions import POSITIONS
from pipeline.embed.tokenize import key_sentences, read_lines, split_sentences, tokenize
from pipeline.embed.vocabulary import UNKNOWN, Vocabulary, look_up

__all__ = [
    "EMBEDDINGS",
    "POSITIONS",
    "SOURCES",
    "UNKNOWN",
    "Vocabulary",
    "embed",
    "key_sentences",
    "look_up",
    "read_lines",
    "split_sentences",
    "tokenize",
]
