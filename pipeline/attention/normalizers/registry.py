"""Every normalizer by name."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.attention.normalizers.entmax import entmax
from pipeline.attention.normalizers.favor import favor
from pipeline.attention.normalizers.hard import hard
from pipeline.attention.normalizers.linear import linear
from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.attention.normalizers.relu import relu
from pipeline.attention.normalizers.sigmoid import sigmoid
from pipeline.attention.normalizers.sink import off_by_one, sink
from pipeline.attention.normalizers.softmax import softmax
from pipeline.attention.normalizers.sparsemax import sparsemax
from pipeline.attention.normalizers.top_k import top_k

NORMALIZERS: dict[str, Callable[..., Normalizer]] = {
    "softmax": softmax,
    "off_by_one": off_by_one,
    "sink": sink,
    "sparsemax": sparsemax,
    "entmax": entmax,
    "sigmoid": sigmoid,
    "relu": relu,
    "top_k": top_k,
    "hard": hard,
    "linear": linear,
    "favor": favor,
}
