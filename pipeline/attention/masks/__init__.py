"""Masks: which keys a query may attend to, True where the key takes part; one file a kind."""

from pipeline.attention.masks.combine import MASKS, combine
from pipeline.attention.masks.kinds import Mask
from pipeline.attention.masks.matrix import matrix

__all__ = ["MASKS", "Mask", "combine", "matrix"]
