"""Output: from what the heads mixed to contextual embeddings, beside the static ones."""

from __future__ import annotations

import numpy as np

from pipeline.attention.checks import to_every_head
from pipeline.base.errors import UserError
from pipeline.base.records import Array, Embeddings, Projected, concat_heads


def embeddings_after(
    vectors: Array,
    projected: Projected,
    output: Array,
    *,
    is_cross: bool = False,
    is_residual: bool = False,
) -> Embeddings:
    """What attention moves, and where, in one space: like is compared with like.

    vectors [N, D] are the embeddings, output [H, N, E] is A·V. Without an output projection each
    head moves its own values to its outputs; heads that share values start where those are.

    >>> shared = Projected(np.ones((2, 3, 4)), np.ones((1, 3, 4)), np.ones((1, 3, 5)))
    >>> embeddings_after(np.ones((3, 8)), shared, np.zeros((2, 3, 5))).static.shape
    (2, 3, 5)

    With W_O the embeddings themselves move, to the heads side by side times W_O (Vaswani et al.
    2017, §3.2.2). In cross-attention the static ones are then the keys' values times W_O, what a
    query would be given that attends to one key alone with every head.

    >>> project_heads = Projected(shared.query, shared.key, shared.value, output=np.ones((10, 8)))
    >>> embeddings_after(np.ones((3, 8)), project_heads, np.zeros((2, 3, 5))).static.shape
    (1, 3, 8)

    A residual connection adds the embeddings to what attention gives them, x + output (He et al.
    2016); they are then what moves, with or without W_O.
    """
    heads, own = output.shape[:-2], projected.value
    values = np.broadcast_to(to_every_head(own, heads), (*heads, *own.shape[-2:]))
    if projected.output is None and not is_residual:
        return Embeddings(values, output, value_norms(values, None), is_cross)
    static = project_heads(values, projected.output) if is_cross else vectors
    given = project_heads(output, projected.output)
    contextual = vectors + given if is_residual else given
    norms = value_norms(values, projected.output)
    return Embeddings(static[None], contextual[None], norms, is_cross, is_residual)


def value_norms(values: Array, output: Array | None) -> Array:
    """‖v_j‖, or with W_O ‖v_j W_O^h‖, W_O^h being the rows of head h, [H, M, E] → [H, M].

    >>> value_norms(np.array([[[3.0, 4.0]]]), None).tolist()
    [[5.0]]
    """
    if output is None:
        return np.linalg.norm(values, axis=-1)
    by_head = output.reshape(len(values), -1, output.shape[-1])
    return np.stack(
        [np.linalg.norm(one @ part, axis=-1) for one, part in zip(values, by_head, strict=True)]
    )


def project_heads(heads: Array, output: Array | None) -> Array:
    """[H, N, E] → [N, H·E], heads side by side, and with W_O → [N, D]."""
    return concat_heads(heads) if output is None else concat_heads(heads) @ output


def check_residual(vectors: Array, projected: Projected) -> None:
    """x + output needs the two to be of one width, D = H·E where there is no W_O."""
    heads, wide = projected.query.shape[0], projected.value.shape[-1]
    if projected.output is None and heads * wide != vectors.shape[-1]:
        raise UserError(
            f"layers.residual: the output is {heads * wide} wide (heads times value_width) and the "
            f"embeddings are {vectors.shape[-1]} wide; expected equal widths, or "
            "projection.output=random, which makes them equal"
        )
