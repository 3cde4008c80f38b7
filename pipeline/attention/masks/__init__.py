"""Masks: which keys a query may attend to, True where the key takes part; one file per kind."""

from pipeline.attention.masks.content import Content
from pipeline.attention.masks.mask import Mask
from pipeline.attention.masks.matrix import matrix
from pipeline.attention.masks.registry import MASKS, build_mask

__all__ = [
    "MASKS",
    "Content",
    "Mask",
    "build_mask",
    "matrix",
]
