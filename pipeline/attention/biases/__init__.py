"""Biases: what is added to the scaled and capped scores; one file a kind, and one entry here.

Every entry makes a `Bias` from the count of heads, the master seed and its own settings.
"""

from pipeline.attention.biases.bias import Bias
from pipeline.attention.biases.matrix import matrix
from pipeline.attention.biases.registry import BIASES, build_bias

__all__ = [
    "BIASES",
    "Bias",
    "build_bias",
    "matrix",
]
