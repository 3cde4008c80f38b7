"""Normalize: rows of logits → rows of weights; one file a normalizer, and one entry here.

Every entry makes a `Normalizer` from its settings; `attend` applies it to blocks of whole rows.
"""

from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.attention.normalizers.registry import NORMALIZERS

__all__ = [
    "NORMALIZERS",
    "Normalizer",
]
