"""From the arguments of `attend` to a chain: every name looked up, every setting checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from pipeline.attention.biases import Bias, build_bias
from pipeline.attention.biases import matrix as bias_matrix
from pipeline.attention.checks import check_finite, square_in_range
from pipeline.attention.kernel.chain import Chain
from pipeline.attention.kernel.order import ORDERS
from pipeline.attention.kernel.tiles import choose_tile
from pipeline.attention.masks import Mask, build_mask
from pipeline.attention.masks import matrix as mask_matrix
from pipeline.attention.normalizers import NORMALIZERS, Normalizer
from pipeline.attention.score.scale import NEEDS_COUNTS, multiplier
from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.registry import lookup
from pipeline.base.specs import build, finite, positive

FEW_WEIGHTS = 1 << 15  # weights, for which the norm of every row takes too long


def assemble(
    query: Array,
    key: Array,
    shape: tuple[int, ...],
    *,
    scale: str | float,
    temperature: float,
    softcap: float | None,
    bias: object,
    mask: object,
    normalizer: object,
    log_n_factor: float,
    order: str = "cap_then_mask",
) -> Chain:
    """The chain for weights of that shape, [..., N, M]."""
    temperature = positive(temperature, "attention.temperature")
    cap = None if softcap is None else as_softcap(softcap, query.dtype)
    log_n_factor = finite(log_n_factor, "attention.log_n_factor")
    made_mask = as_mask(mask)
    made_mask.check(shape)
    counted = isinstance(scale, str) and scale in NEEDS_COUNTS
    counts = made_mask.counts(0, *shape[-2:])[..., None] if counted else None
    factor = multiplier(scale, query.shape[-1], counts, log_n_factor)
    with np.errstate(over="ignore") if counted else nullcontext():  # the scores will tell
        factor = factor / temperature
    chain = Chain(
        multiplier=factor,
        softcap=cap,
        bias=as_bias(bias, shape),
        mask=made_mask,
        normalizer=as_normalizer(normalizer),
        leading=shape[:-2],
        score_bound=score_bound(query, key, math.prod(shape), factor),
        tile=choose_tile(shape[-2], shape[-1], made_mask),
    )
    if chain.is_kernel and (chain.softcap is not None or chain.bias is not None):
        raise UserError(
            "attention.normalizer: a kernel (linear, favor) has no scores to cap or to add a bias "
            "to; expected softcap and bias left out"
        )
    return lookup(ORDERS, order, "attention.order")(chain)


def score_bound(query: Array, key: Array, weights: int, factor: Any) -> float:
    """max‖q‖·max‖k‖·max|c/T|, which no |score| exceeds; a looser one for short sentences.

    Raises `UserError` where query or key holds NaN or infinity, as its norms then do.
    """
    (queries, width), keys = query.shape[-2:], key.shape[-2]
    if weights <= FEW_WEIGHTS or queries * keys < (queries + keys) * width:
        squares = [float(np.vdot(a, a)) for a in (query, key)]
    else:
        with np.errstate(over="ignore"):
            squares = [float(np.vecdot(a, a).max()) for a in (query, key)]
    if not all(square_in_range(one, query.dtype) for one in squares):
        check_finite(query, "query")
        check_finite(key, "key")
        return math.inf
    largest = np.abs(factor).max() if isinstance(factor, np.ndarray) else abs(factor)
    return math.sqrt(math.prod(squares)) * float(largest)


@cache
def named_mask(name: str) -> Mask:
    """A mask without settings, made once."""
    return build_mask(name)


@cache
def named_normalizer(name: str) -> Normalizer:
    """A normalizer with its default settings, made once."""
    return build(NORMALIZERS, name, "attention.normalizer")


def as_softcap(softcap: object, dtype: np.dtype[Any]) -> float:
    """The soft-cap, a positive number that the type of the scores can hold."""
    cap = positive(softcap, "attention.softcap")
    with np.errstate(over="ignore", under="ignore"):
        kept = dtype.type(cap)
    if not 0.0 < kept < np.inf:
        raise UserError(
            f"attention.softcap: got {cap}, expected a number > 0 that a {dtype} can hold"
        )
    return cap


def as_mask(mask: object) -> Mask:
    """A mask as it is, by name, as YAML combines them, or as booleans [..., N, M]."""
    if isinstance(mask, Mask):
        return mask
    if mask is None or isinstance(mask, str):
        return named_mask("none" if mask is None else mask)
    if isinstance(mask, Mapping):
        return build_mask(mask)
    if isinstance(mask, list | tuple) and any(isinstance(part, str | Mapping) for part in mask):
        return build_mask(mask)
    return mask_matrix(mask)


def as_bias(bias: object, shape: tuple[int, ...]) -> Bias | None:
    """A bias as it is, by name, as YAML adds them up, or as numbers [..., N, M]; None for none."""
    if bias is None or (isinstance(bias, str) and bias == "none"):
        return None
    heads = shape[-3] if len(shape) > 2 else 1
    listed = isinstance(bias, list | tuple) and any(isinstance(b, str | Mapping) for b in bias)
    if isinstance(bias, Bias):
        made = bias
    elif isinstance(bias, str | Mapping) or listed:
        made = build_bias(bias, heads)
    else:
        made = bias_matrix(heads, values=bias)
    made.check(shape)
    return made if len(shape) > 2 else first_head_only(made)


def first_head_only(bias: Bias) -> Bias:
    """A bias for scores without an axis of heads, [N, M]: that of the first head."""
    return replace(bias, function=lambda head, queries, keys: bias.function(0, queries, keys))


def as_normalizer(normalizer: object) -> Normalizer:
    """A normalizer as it is, by name, or by name with settings."""
    if isinstance(normalizer, Normalizer):
        return normalizer
    if isinstance(normalizer, str):
        return named_normalizer(normalizer)
    return build(NORMALIZERS, normalizer, "attention.normalizer")
