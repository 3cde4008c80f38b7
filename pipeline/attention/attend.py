"""Attend: the mechanism's public function; its arguments become a chain, and the core runs it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from pipeline.attention.assemble import assemble
from pipeline.attention.checks import (
    as_floats,
    check_finite,
    check_no_overflow,
    check_shapes,
    leading_axes,
    squares_safely,
    to_common_dtype,
    to_every_head,
)
from pipeline.attention.kernel.blocks import (
    DIRECT_WEIGHTS,
    Observer,
    fits_head_batch,
    output_directly,
    run_blocks,
    run_direct,
    run_head_batches,
)
from pipeline.attention.kernel.chain import Chain, StageCallback, no_op
from pipeline.base.records import Array, Attended
from pipeline.base.specs import whole
from pipeline.base.threads import single_threaded_blas


def attend(
    query: npt.ArrayLike,
    key: npt.ArrayLike,
    value: npt.ArrayLike,
    *,
    scale: str | float = "sqrt_dk",
    temperature: float = 1.0,
    softcap: float | None = None,
    bias: object = None,
    mask: object = None,
    normalizer: object = "softmax",
    log_n_factor: float = 1.0,
    order: str = "cap_then_mask",
    keep_weights: bool = True,
    observer: Observer | None = None,
    on_stage: StageCallback = no_op,
    rows: int | None = None,
    threads: int | None = None,
) -> Attended:
    """Attention(Q, K, V) = normalize(mask(cap(c·QKᵀ/T) + bias))·V, with c = 1/√d_k by default.

    Vaswani et al. 2017, "Attention Is All You Need", eq. 1. The order of the stages is part of
    the definition, and is that of the ONNX Attention operator.

    Shapes: query [..., N, D], key [..., M, D], value [..., M, E] give weights [..., N, M] and
    output [..., N, E]. Leading axes broadcast; key and value may have fewer heads (the axis
    before the last two) than query where the count divides (grouped-query attention).

    - `scale` is a name of SCALES or a number that multiplies QKᵀ; `log_n_factor` is log_n's.
    - `temperature` > 0 divides the scores; `softcap` > 0 is the c of c·tanh(z/c).
    - `bias` is a name of BIASES, {name: {setting: value}}, a `Bias`, or numbers [..., N, M].
    - `mask` is a name of MASKS, {name: {setting: value}}, a list of those that must all allow a
      key, a `Mask`, or booleans [..., N, M], True where the key takes part. Masking a key is the
      same as deleting it; a query with no key left gets zero weights and a zero output.
    - `order` is a name of ORDERS: mask_then_cap is an ablation, in which masked keys get weight.
    - `normalizer` is a name of NORMALIZERS, {name: {setting: value}}, or a `Normalizer`.

    Large problems run in blocks of whole rows (`rows` at a time, on `threads` threads; both are
    chosen where they are left out). Without `keep_weights` the N × M weights are never held;
    `observer(block, rows)` is shown each block of them once, on whichever thread made it; metrics
    are read that way (`pipeline.metrics.Stream`).
    `on_stage(stage, array)` is given every stage, as one block, and must copy what it keeps;
    float32 is then rounded otherwise, as logits come to the base e and not 2.

    float16 is computed in float32; float32 and float64 keep their type. No bit depends on `rows` or
    `threads`: products are made in tiles that follow from N, M and the mask alone, and `rows` is
    rounded up to a whole number of them. The output that is asked for alone is the numerators'
    mixture over their sum, which rounds otherwise than weights times values.

    Raises `Fault` (a ValueError) on shapes that do not fit, on anything not finite, on scores
    that overflow, and on an unknown name or setting.

    >>> embeddings = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    >>> attend(embeddings, embeddings, embeddings).weights.round(4).tolist()
    [[0.6225, 0.3775], [0.3775, 0.6225]]
    """
    query, key, value = to_common_dtype(
        as_floats(query, "query"), as_floats(key, "key"), as_floats(value, "value")
    )
    check_shapes(query, key, value)
    check_finite(value, "value")  # query and key in `assemble`, which has their norms
    leading = leading_axes(query, key, value)
    shape = (*leading, query.shape[-2], key.shape[-2])
    chain = assemble(
        query,
        key,
        shape,
        scale=scale,
        temperature=temperature,
        softcap=softcap,
        bias=bias,
        mask=mask,
        normalizer=normalizer,
        log_n_factor=log_n_factor,
        order=order,
    )
    if chain.is_kernel:
        query, key, chain = map_to_features(query, key, chain)
    if query.shape[:-2] != leading:
        query = np.broadcast_to(query, (*leading, *query.shape[-2:]))
    rows = None if rows is None else whole(rows, "attend: rows", least=1)
    threads = None if threads is None else whole(threads, "attend: threads", least=1, most=1024)
    if on_stage is no_op:
        chain = chain.to_base_two(query.dtype)
    alone = not keep_weights and observer is None and on_stage is no_op
    if alone and not squares_safely(value):
        chain = chain.normalize_first()
    if on_stage is not no_op or (rows is None and math.prod(shape) <= DIRECT_WEIGHTS):
        key, value = (to_every_head(array, leading) for array in (key, value))
        if alone and chain.normalizer.unnormalized is not None:
            return Attended(None, output_directly(query, key, value, chain), None)
        return checked_finite(
            attend_directly(query, key, value, chain, keep_weights, observer, on_stage), chain
        )
    allowed = partial(chain.mask.full, *shape[-2:])
    if (
        keep_weights
        and observer is None
        and rows is None
        and chain.heads_are_uniform
        and fits_head_batch(shape)
    ):
        key, value = (
            np.broadcast_to(to_every_head(array, leading), (*leading, *array.shape[-2:]))
            for array in (key, value)
        )
        return Attended(*run_head_batches(query, key, value, chain, threads), allowed)
    make = np.empty if chain.mask.is_everything else np.zeros  # zeros where no block comes
    weights = make(shape, query.dtype) if keep_weights else None
    output = run_blocks(query, key, value, chain, observer, weights, rows=rows, threads=threads)
    return checked_finite(Attended(weights, output, allowed if keep_weights else None), chain)


def checked_finite(attended: Attended, chain: Chain) -> Attended:
    """The same; a `Fault` where rows that sum to anything took the output beyond its type."""
    if not chain.normalizer.sums_to_one:
        expected = "values and a normalizer"
        check_no_overflow("attention.normalizer: weights and values", expected, attended.output)
    return attended


def attend_directly(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    keep_weights: bool,
    observer: Observer | None,
    on_stage: StageCallback,
) -> Attended:
    """A small problem, as one block; key and value come with as many heads as query."""
    block, weights, output = run_direct(query, key, value, chain, on_stage)
    if observer:
        observer(block, chain.rows(weights, block, key.shape[-2]))
    if not keep_weights:
        return Attended(None, output, None)
    return Attended(weights, output, partial(chain.mask.full, *weights.shape[-2:]))


def map_to_features(query: Array, key: Array, chain: Chain) -> tuple[Array, Array, Chain]:
    """φ(query) and φ(key), already scaled, and the chain that is left to do behind them."""
    assert chain.normalizer.features is not None
    key = to_every_head(key, chain.leading)  # a query's features depend on those of its keys
    with np.errstate(over="ignore", invalid="ignore"), single_threaded_blas:  # reported below
        factor = np.asarray(chain.multiplier, query.dtype)
        if factor.ndim == 0 and factor > 0:  # shared out evenly, which keeps random features tame
            query, key = query * np.sqrt(factor), key * np.sqrt(factor)
        else:
            query = query * factor
        query, key = chain.normalizer.features(query, key)
    check_no_overflow("attention.temperature: features", "a scale and a temperature", query, key)
    return query, key, replace(chain, multiplier=1.0, score_bound=math.inf)
