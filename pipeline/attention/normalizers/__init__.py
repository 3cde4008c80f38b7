"""Normalize: rows of logits → rows of weights; one file per normalizer.

Each entry of NORMALIZERS builds a `Normalizer` from its settings.
"""

from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.attention.normalizers.registry import NORMALIZERS

__all__ = [
    "NORMALIZERS",
    "Normalizer",
]
