"""Output: from what the heads mixed to contextual embeddings, beside the static ones."""

from __future__ import annotations

import numpy as np

from pipeline.attention.arrays import to_every_head
from pipeline.faults import Fault
from pipeline.records import Array, Moved, Projected, beside


def moves(
    vectors: Array,
    projected: Projected,
    output: Array,
    *,
    is_cross: bool = False,
    is_residual: bool = False,
) -> Moved:
    """What attention moves, and where, in one space: like is compared with like.

    vectors [N, D] are the embeddings, output [H, N, E] is A·V. Without an output projection each
    head moves its own values to its outputs; heads that share values start where those are.

    >>> shared = Projected(np.ones((2, 3, 4)), np.ones((1, 3, 4)), np.ones((1, 3, 5)))
    >>> moves(np.ones((3, 8)), shared, np.zeros((2, 3, 5))).static.shape
    (2, 3, 5)

    With W_O the embeddings themselves move, to the heads side by side times W_O (Vaswani et al.
    2017, §3.2.2). In cross-attention the static ones are then the keys' values times W_O, what a
    query would be given that attends to one key alone with every head.

    >>> joined = Projected(shared.query, shared.key, shared.value, output=np.ones((10, 8)))
    >>> moves(np.ones((3, 8)), joined, np.zeros((2, 3, 5))).static.shape
    (1, 3, 8)

    A residual connection adds the embeddings to what attention gives them, x + output (He et al.
    2016); they are then what moves, with or without W_O.
    """
    heads, own = output.shape[:-2], projected.value
    values = np.broadcast_to(to_every_head(own, heads), (*heads, *own.shape[-2:]))
    if projected.output is None and not is_residual:
        return Moved(values, output, lengths(values, None), is_cross)
    static = joined(values, projected.output) if is_cross else vectors
    given = joined(output, projected.output)
    contextual = vectors + given if is_residual else given
    norms = lengths(values, projected.output)
    return Moved(static[None], contextual[None], norms, is_cross, is_residual)


def lengths(values: Array, output: Array | None) -> Array:
    """‖v_j‖, or with W_O ‖v_j W_O^h‖, W_O^h being the rows of head h, [H, M, E] → [H, M].

    >>> lengths(np.array([[[3.0, 4.0]]]), None).tolist()
    [[5.0]]
    """
    if output is None:
        return np.linalg.norm(values, axis=-1)
    by_head = output.reshape(len(values), -1, output.shape[-1])
    return np.stack(
        [np.linalg.norm(one @ part, axis=-1) for one, part in zip(values, by_head, strict=True)]
    )


def joined(heads: Array, output: Array | None) -> Array:
    """[H, N, E] → [N, H·E], heads side by side, and with W_O → [N, D]."""
    return beside(heads) if output is None else beside(heads) @ output


def check_residual(vectors: Array, projected: Projected) -> None:
    """x + output needs the two to be of one width, D = H·E where there is no W_O."""
    heads, wide = projected.query.shape[0], projected.value.shape[-1]
    if projected.output is None and heads * wide != vectors.shape[-1]:
        raise Fault(
            f"layers.residual: the output is {heads * wide} wide (heads times value_width) and the "
            f"embeddings are {vectors.shape[-1]} wide; expected equal widths, or "
            "projection.output=random, which makes them equal"
        )
