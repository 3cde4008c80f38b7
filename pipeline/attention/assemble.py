"""From the arguments of `attend` to a chain: every name looked up, every setting checked once."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pipeline.attention.arguments import as_bias, as_mask, as_normalizer, as_softcap
from pipeline.attention.checks import (
    check_finite,
    check_no_overflow,
    square_in_range,
    to_every_head,
)
from pipeline.attention.kernel.chain import Chain
from pipeline.attention.kernel.order import ORDERS
from pipeline.attention.kernel.tiles import choose_tile
from pipeline.attention.score.scale import NEEDS_COUNTS, multiplier
from pipeline.attention.score.temperature import as_temperature, divide_by_temperature
from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.registry import lookup
from pipeline.base.specs import finite
from pipeline.base.threads import single_threaded_blas

FEW_WEIGHTS = 1 << 15  # below, one sum of squares bounds the scores; above, the norm of each row


def assemble(
    query: Array,
    key: Array,
    shape: tuple[int, ...],
    *,
    scale: str | float,
    temperature: object,
    softcap: float | None,
    bias: object,
    mask: object,
    normalizer: object,
    log_n_factor: float,
    order: str = "cap_then_mask",
    tokens: object = None,
) -> Chain:
    """The chain for weights of that shape, [..., N, M]."""
    divisor = as_temperature(temperature, shape[:-2])
    cap = as_softcap(softcap, query.dtype)
    log_n_factor = finite(log_n_factor, "attention.log_n_factor")
    bound_mask = as_mask(mask, query, key, shape, tokens)
    counted = isinstance(scale, str) and scale in NEEDS_COUNTS
    counts = bound_mask.counts(0, *shape[-2:])[..., None] if counted else None
    factor = divide_by_temperature(
        multiplier(scale, query.shape[-1], counts, log_n_factor), divisor
    )
    chain = Chain(
        multiplier=factor,
        softcap=cap,
        bias=as_bias(bias, shape),
        mask=bound_mask,
        normalizer=as_normalizer(normalizer),
        leading=shape[:-2],
        score_bound=score_bound(query, key, math.prod(shape), factor),
        tile=choose_tile(shape[-2], shape[-1], bound_mask),
    )
    if chain.is_kernel and (chain.softcap is not None or chain.bias is not None):
        raise UserError(
            "attention.normalizer: a kernel (linear, favor) has no scores to cap or to add a bias "
            "to; expected softcap and bias left out"
        )
    return lookup(ORDERS, order, "attention.order")(chain)


def score_bound(query: Array, key: Array, weights: int, factor: float | Array) -> float:
    """max‖q‖·max‖k‖·max|c/T|, which no |score| exceeds; a looser bound where `weights` are few.

    Raises `UserError` where query or key holds NaN or infinity, as its norms then do.
    """
    (queries, width), keys = query.shape[-2:], key.shape[-2]
    if weights <= FEW_WEIGHTS or queries * keys < (queries + keys) * width:
        squares = [float(np.vdot(a, a)) for a in (query, key)]
    else:
        with np.errstate(over="ignore"):
            squares = [float(np.vecdot(a, a).max()) for a in (query, key)]
    if not all(square_in_range(square, query.dtype) for square in squares):
        check_finite(query, "query")
        check_finite(key, "key")
        return math.inf
    largest = np.abs(factor).max() if isinstance(factor, np.ndarray) else abs(factor)
    return math.sqrt(math.prod(squares)) * float(largest)


def map_to_features(query: Array, key: Array, chain: Chain) -> tuple[Array, Array, Chain]:
    """φ(query) and φ(key) of a kernel, already scaled, and the chain that is left to apply."""
    assert chain.normalizer.features is not None
    key = to_every_head(key, chain.leading)  # a query's features depend on those of its keys
    with np.errstate(over="ignore", invalid="ignore"), single_threaded_blas:  # reported below
        factor = np.asarray(chain.multiplier, query.dtype)
        by_query = factor.ndim > 0 and factor.shape[-2] > 1
        if not by_query and (factor > 0).all():  # half to each keeps random features accurate
            query, key = query * np.sqrt(factor), key * np.sqrt(factor)
        else:
            query = query * factor
        query, key = chain.normalizer.features(query, key)
    check_no_overflow("attention.temperature: features", "a scale and a temperature", query, key)
    return query, key, replace(chain, multiplier=1.0, score_bound=math.inf)
