"""The mechanism's public function; its arguments become a chain that runs block by block."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import numpy.typing as npt

from pipeline.attention.assemble import assemble, map_to_features
from pipeline.attention.checks import (
    as_floats,
    check_finite,
    check_no_overflow,
    check_shapes,
    leading_axes,
    to_common_dtype,
    to_every_head,
)
from pipeline.attention.kernel.blocks import DIRECT_WEIGHTS, Observer, run_blocks, run_direct
from pipeline.attention.kernel.chain import Chain
from pipeline.attention.kernel.rows import observed_rows
from pipeline.attention.kernel.stages import StageCallback, no_op
from pipeline.base.records import Array, Attended
from pipeline.base.specs import whole


def attend(
    query: npt.ArrayLike,
    key: npt.ArrayLike,
    value: npt.ArrayLike,
    *,
    scale: str | float = "sqrt_dk",
    temperature: npt.ArrayLike = 1.0,
    softcap: float | None = None,
    bias: object = None,
    mask: object = None,
    normalizer: object = "softmax",
    log_n_factor: float = 1.0,
    order: str = "cap_then_mask",
    tokens: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    keep_weights: bool = True,
    observer: Observer | None = None,
    on_stage: StageCallback = no_op,
    rows: int | None = None,
    threads: int | None = None,
) -> Attended:
    """Attention(Q, K, V) = normalize(mask(cap(c·QKᵀ/T) + bias))·V, with c = 1/√d_k by default.

    Vaswani et al. 2017, "Attention Is All You Need", eq. 1. The order of the stages is part of
    the definition, and is that of the ONNX Attention operator. `reference_attention` is the same
    in plain NumPy.

    Shapes: query [..., N, D], key [..., M, D], value [..., M, E] give weights [..., N, M] and
    output [..., N, E]. Leading axes broadcast; key and value may have fewer heads (the axis
    before the last two) than query where the count divides (grouped-query attention).

    - `scale` is a name of SCALES or a number that multiplies QKᵀ; `log_n_factor` is log_n's.
    - `temperature` > 0 divides the scores, one number or one per head, [H].
    - `softcap` > 0 is the c of c·tanh(z/c).
    - `bias` is a name of BIASES, {name: {setting: value}}, a `Bias`, or numbers [..., N, M].
    - `mask` is a name of MASKS, {name: {setting: value}}, a list of masks that must all allow a
      key, a `Mask`, or booleans [..., N, M], True where the key takes part. Masking a key is the
      same as deleting it; a query with no key left gets zero weights and a zero output.
    - `tokens` are the ids of the queries' tokens, [N], and of the keys', [M], for masks that read
      them.
    - `order` is a name of ORDERS: mask_then_cap is an ablation, in which masked keys get weight.
    - `normalizer` is a name of NORMALIZERS, {name: {setting: value}}, or a `Normalizer`.

    Large problems run in blocks of whole rows: `rows` at a time, rounded up to whole tiles, on
    `threads` threads; both are chosen where left out. Without `keep_weights` the N × M weights are
    never in memory; `observer(block, rows)` is called with each block of them once, on the thread
    that computed it, and is how metrics read them (`pipeline.metrics.observe`).
    `on_stage(stage, array)` is called with every stage, as one block, and must copy what it keeps.

    float16 is computed in float32; float32 and float64 keep their type. Results are bit-identical
    for any `rows` and `threads`: products are computed in tiles that follow from N, M and the mask.

    Raises `UserError` (a ValueError) on shapes that do not fit, on anything not finite, on scores
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
        tokens=tokens,
    )
    if chain.is_kernel:
        query, key, chain = map_to_features(query, key, chain)
    if query.shape[:-2] != leading:
        query = np.broadcast_to(query, (*leading, *query.shape[-2:]))
    rows = None if rows is None else whole(rows, "attend: rows", least=1)
    threads = None if threads is None else whole(threads, "attend: threads", least=1, most=1024)
    weights: Array | None
    if on_stage is not no_op or (rows is None and math.prod(shape) <= DIRECT_WEIGHTS):
        weights, output = attend_directly(query, key, value, chain, observer, on_stage)
    else:
        make = np.empty if chain.mask.is_everything else np.zeros  # zeros where no block comes
        weights = make(shape, query.dtype) if keep_weights else None
        output = run_blocks(query, key, value, chain, observer, weights, rows=rows, threads=threads)
    if not chain.normalizer.sums_to_one:
        check_no_overflow(
            "attention.normalizer: weights and values", "values and a normalizer", output
        )
    if not keep_weights:
        return Attended(None, output, None)
    return Attended(weights, output, partial(chain.mask.full, *shape[-2:]))


def attend_directly(
    query: Array,
    key: Array,
    value: Array,
    chain: Chain,
    observer: Observer | None,
    on_stage: StageCallback,
) -> tuple[Array, Array]:
    """A small problem as one block: weights [..., N, M] and output [..., N, E]."""
    key, value = (to_every_head(array, chain.leading) for array in (key, value))
    block, weights, output = run_direct(query, key, value, chain, on_stage)
    if observer:
        observer(block, observed_rows(chain, weights, block, key.shape[-2]))
    return weights, output
