"""Every bias by name, and how YAML adds them up."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add

import numpy as np

from pipeline.attention.biases.alibi import alibi
from pipeline.attention.biases.bias import Bias
from pipeline.attention.biases.matrix import matrix
from pipeline.attention.biases.relative import relative
from pipeline.base.errors import UserError
from pipeline.base.specs import build


def none(heads: int, seed: int = 0) -> Bias:
    """b_h(i, j) = 0: position then matters only by the mask, the rotation and the embeddings.

    >>> none(1).block(0, 0, 2, 0, 2).tolist()
    [[0.0]]
    """
    return Bias(lambda head, queries, keys: np.zeros((1, 1)))


BIASES: dict[str, Callable[..., Bias]] = {
    "none": none,
    "alibi": alibi,
    "relative": relative,
    "matrix": matrix,
}


def build_bias(spec: object, heads: int, seed: int = 0, what: str = "attention.bias") -> Bias:
    """The bias as YAML writes it: a name, {name: {setting: value}}, or a list of those to add up.

    >>> build_bias(["alibi", {"matrix": {"values": [[0, 1], [1, 0]]}}], 8).block(
    ...     0, 0, 2, 0, 2
    ... ).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    if not isinstance(spec, list | tuple):
        return build(BIASES, spec, what, heads, seed)
    if not spec:
        raise UserError(f"{what}: got an empty list, expected at least one bias, such as 'none'")
    return reduce(add, (build_bias(part, heads, seed, what) for part in spec))
