"""Biases: what is added to the scaled and capped scores; one file per kind.

Each entry of BIASES builds a `Bias` from the number of heads, the master seed and its settings.
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
