"""The output of attention → contextual embeddings, beside the static ones they came from."""

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
    """The vectors before and after attention, in one space, so that they can be compared.

    vectors [N, D] are the embeddings, output [H, N, E] is A·V. Without W_O, before are each head's
    values and after its outputs; heads that share values have the same before.

    >>> shared = Projected(np.ones((2, 3, 4)), np.ones((1, 3, 4)), np.ones((1, 3, 5)))
    >>> embeddings_after(np.ones((3, 8)), shared, np.zeros((2, 3, 5))).before.shape
    (2, 3, 5)

    With W_O, before are the embeddings and after the outputs, heads side by side, times W_O
    (Vaswani et al. 2017, §3.2.2). In cross-attention before are then the keys' values times W_O:
    the output of a query whose every head attends to that key alone.

    >>> joined = Projected(shared.query, shared.key, shared.value, output=np.ones((10, 8)))
    >>> embeddings_after(np.ones((3, 8)), joined, np.zeros((2, 3, 5))).before.shape
    (1, 3, 8)

    A residual connection (He et al. 2016) adds the embeddings to the output, x + output; before
    are then the embeddings, with or without W_O.
    """
    heads, value = output.shape[:-2], projected.value
    values = np.broadcast_to(to_every_head(value, heads), (*heads, *value.shape[-2:]))
    if projected.output is None and not is_residual:
        return Embeddings(values, output, value_norms(values, None), is_cross)
    before = project_heads(values, projected.output) if is_cross else vectors
    outputs = project_heads(output, projected.output)
    after = vectors + outputs if is_residual else outputs
    norms = value_norms(values, projected.output)
    return Embeddings(before[None], after[None], norms, is_cross, is_residual)


def value_norms(values: Array, output: Array | None) -> Array:
    """‖v_j‖, or with W_O ‖v_j W_O^h‖ where W_O^h are the rows of head h, [H, M, E] → [H, M].

    >>> value_norms(np.array([[[3.0, 4.0]]]), None).tolist()
    [[5.0]]
    """
    if output is None:
        return np.linalg.norm(values, axis=-1)
    by_head = output.reshape(len(values), -1, output.shape[-1])
    heads = zip(values, by_head, strict=True)
    return np.stack([np.linalg.norm(value @ part, axis=-1) for value, part in heads])


def project_heads(heads: Array, output: Array | None) -> Array:
    """Heads side by side, and times W_O where there is one, [H, N, E] → [N, H·E] or [N, D]."""
    return concat_heads(heads) if output is None else concat_heads(heads) @ output


def check_residual(vectors: Array, projected: Projected) -> None:
    """A `UserError` unless x + output has equal widths, D = H·E where there is no W_O."""
    width = projected.query.shape[0] * projected.value.shape[-1]
    if projected.output is None and width != vectors.shape[-1]:
        raise UserError(
            f"layers.residual: the output is {width} wide (heads times value_width) and the "
            f"embeddings are {vectors.shape[-1]} wide; expected equal widths, or "
            "projection.output=random, which makes them equal"
        )
