"""Sentences → vectors. A kind of embedding is one function and one entry in EMBEDDINGS."""

from pipeline.embed.embed import EMBEDDINGS, embed
from pipeline.embed.glove import SOURCES
from pipeline.embed.positions import POSITIONS
from pipeline.embed.tokenize import key_sentences, read_lines, split_sentences, tokenize
from pipeline.embed.vocabulary import UNKNOWN, Vocabulary

__all__ = [
    "EMBEDDINGS",
    "POSITIONS",
    "SOURCES",
    "UNKNOWN",
    "Vocabulary",
    "embed",
    "key_sentences",
    "read_lines",
    "split_sentences",
    "tokenize",
]
