"""The records that pass between the stages, and the legend of axis letters.

| letter | axis                                              |
|--------|---------------------------------------------------|
| N      | queries: the positions that attend                |
| M      | keys: the positions attended to (N in self-attention) |
| D      | width of an embedding, a query or a key (d_k)     |
| E      | width of a value                                  |
| H      | heads                                             |
| L      | layers                                            |

`...` stands for any leading axes (a batch, the heads).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.base.errors import UserError

Array = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sentence:
    """A sentence cut into tokens."""

    name: str  # what files and tables call it
    tokens: tuple[str, ...]  # [N], never empty, no token empty


@dataclass(frozen=True, eq=False)
class Embedded:
    """A sentence and one static vector a token."""

    sentence: Sentence
    vectors: Array  # [N, D], finite
    source: str = ""  # where the vectors come from, in words


@dataclass(frozen=True, eq=False)
class Projected:
    """The three views of the embeddings that attention works on; H/k heads may share a key."""

    query: Array  # [H, N, D]
    key: Array  # [k, M, D], k divides H
    value: Array  # [k, M, E]
    output: Array | None = None  # [H·E, D], the W_O that brings the heads back to the embeddings


@dataclass(frozen=True, eq=False)
class LayerInput:
    """One sentence, ready to be attended over."""

    embedded: Embedded  # the queries' sentence
    projected: Projected
    key_embedded: (
        Embedded | None
    )  # the keys' sentence; None in self-attention, where it is the same
    uniform_cache: dict[str, Metrics] = field(
        default_factory=dict
    )  # what even weights came to, by mask

    @property
    def shape(self) -> tuple[int, int, int]:
        """[H, N, M] of the weights."""
        (heads, queries, _), keys = self.projected.query.shape, self.projected.key.shape[1]
        return heads, queries, keys

    @property
    def token_ids(self) -> tuple[Positions, Positions]:
        """[N] and [M], a number for the token of each query and key: equal where the tokens are."""
        tokens = self.embedded.sentence.tokens, (self.key_embedded or self.embedded).sentence.tokens
        number = {token: i for i, token in enumerate({t: None for both in tokens for t in both})}
        queries, keys = (np.array([number[token] for token in one]) for one in tokens)
        return queries, keys


@dataclass(frozen=True, eq=False)
class Block:
    """Queries first ≤ i < last and keys low ≤ j < high, of one head or (place None) of all."""

    part_of_head_axes: tuple[int, ...] | None  # along the axes before N and M
    query_start: int  # position of the first query
    query_stop: int  # one past the last query
    key_start: int  # position of the first key
    key_stop: int  # one past the last key
    part: int = 0  # which part of its head

    @property
    def queries(self) -> slice:
        """Its rows."""
        return slice(self.query_start, self.query_stop)

    @property
    def keys(self) -> slice:
        """Its columns."""
        return slice(self.key_start, self.key_stop)

    @property
    def head_index(self) -> int | None:
        """The number of the head, the last of those axes."""
        return (
            None
            if self.part_of_head_axes is None
            else (self.part_of_head_axes[-1] if self.part_of_head_axes else 0)
        )


@dataclass(frozen=True, eq=False)
class Rows:
    """Whole rows of weights and where they stand: a block of one head, or all rows of all."""

    weights: Array  # [..., B, M'], M' of the M keys; the others have no weight
    allowed_counts: npt.NDArray[
        np.integer[Any]
    ]  # [..., B], how many of all keys each query may attend to
    query_start: int = 0  # position of the first query
    key_start: int = 0  # position of the first key
    entropy: Array | None = None  # [..., B] in nats, where a softmax has just had its logits
    token_ids: tuple[Positions, Positions] | None = None  # [N] and [M], equal where the tokens are
    memo: dict[object, Any] = field(default_factory=dict)  # what several metrics read, kept
    mask: Callable[[], Mask] | None = None  # makes [..., B, M']: who takes part; None: all do
    intended_mask: Callable[[], Mask] | None = (
        None  # who would, did the mask not leak; None: who does
    )
    all_positive: bool = False  # whether it is known that no weight is 0


@dataclass(frozen=True, eq=False)
class Attended:
    """What attention gives back; weights and mask may not have been kept."""

    stored_weights: Array | None  # [..., N, M], >= 0; zeros where every key is masked
    output: Array  # [..., N, E], weights @ value
    stored_mask: Mask | Callable[[], Mask] | None  # or what makes it; True where the key takes part

    @property
    def weights(self) -> Array:
        """[..., N, M], the weight that query i gives to key j."""
        if self.stored_weights is None:
            raise UserError("attend: the weights were not kept; expected keep_weights=True")
        return self.stored_weights

    @property
    def allowed(self) -> Mask:
        """Booleans that broadcast to [..., N, M]: whether key j takes part for query i."""
        if self.stored_mask is None:
            raise UserError("attend: the mask was not kept; expected keep_weights=True")
        return self.stored_mask() if callable(self.stored_mask) else self.stored_mask

    @property
    def rows(self) -> Rows:
        """All rows of all heads."""
        allowed = np.broadcast_to(self.allowed, self.weights.shape)
        return Rows(self.weights, allowed.sum(axis=-1), mask=lambda: allowed)


@dataclass(frozen=True, eq=False)
class Pooled:
    """The N × M weights in bins of neighbors; bin a holds queries[a] ≤ i < queries[a + 1]."""

    values: Array  # [H, N', M'], one number a bin; NaN where no pair of it takes part
    queries: Positions  # [N' + 1], where bins begin and the last one ends
    keys: Positions  # [M' + 1]
    kind: str  # how a bin was pooled: mean or max

    @property
    def is_whole(self) -> bool:
        """Whether every bin is one pair, so that nothing is pooled."""
        return self.values.shape[-2:] == (self.queries[-1], self.keys[-1])


@dataclass(frozen=True, eq=False)
class Top:
    """The k largest weights of every row, in the order of their keys."""

    keys: Positions  # [H, N, k] positions; -1 where fewer than k keys take part
    weights: Array  # [H, N, k], 0 there


@dataclass(frozen=True, eq=False)
class WeightTotals:
    """What one pass over the rows of weights left besides the metrics, kept weights or not."""

    allowed_counts: Positions  # [H, N], how many keys each query may attend to
    self_weight: Array  # [H, N], the weight on the key at the query's own place; NaN where silent
    key_mass: Array  # [H, M], the mean weight of each key over the queries that have a key left
    key_mass_uniform: Array  # [H, M], the same of uniform rows under the same mask
    pooled: Pooled | None = None  # where it was asked for
    top: Top | None = None  # likewise


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Where the embeddings start and where attention takes them, in one space.

    G = H heads, each in a space of its own; or 1, all heads brought together by an output W_O.
    """

    before: Array  # [G, N, E] where each token starts; [G, M, E] each key in cross-attention
    after: Array  # [G, N, E] where each query ends
    value_norms: Array  # [H, M] length of what each key adds to an output for a weight of 1
    is_cross: bool = False  # queries and keys are different tokens, and no key is a query's own
    is_residual: bool = False  # contextual is static and the output together


@dataclass(frozen=True, eq=False)
class Gradients:
    """∂L/∂ each input of attention, L = Σ upstream·output."""

    query: Array  # [..., N, D], the shape of query
    key: Array  # [..., M, D], the shape of key: summed over the query heads that share one
    value: Array  # [..., M, E], the shape of value: summed likewise
    bias: Array  # [..., N, M], of what is added after the cap; 0 where masked
    logits: Array  # [..., N, M], of the scaled scores z before the cap; 0 where masked
    temperature: float  # of the T that divides the scores


@dataclass(frozen=True, eq=False)
class Flow:
    """What came of each key for each query, of weights that were kept."""

    weights: Array  # [H, N, M] α
    allowed: Mask  # broadcasts to [H, N, M], True where the key takes part
    weighted: Array  # [H, N, M] ‖α_ij v_j‖, the length of what key j adds to query i's output
    rollout: Array  # [N, M] how much of the first layer's token j is in query i's embedding


@dataclass(frozen=True, eq=False)
class Metrics:
    """Numbers read off one sentence's attention."""

    rows: Mapping[str, Array]  # name -> [H, N], one number a query; NaN where undefined
    scalars: Mapping[str, float]  # name -> one number; NaN where undefined
    totals: WeightTotals
    flow: Flow | None = None  # where a metric or a plot asked for it


@dataclass(frozen=True, eq=False)
class LayerResult:
    """One sentence's whole way through the pipeline: what plots, readings and the store take."""

    embedded: Embedded  # of the queries
    projected: Projected
    attended: Attended
    embeddings: Embeddings
    metrics: Metrics
    key_embedded: Embedded | None = (
        None  # of the keys; None in self-attention, where it is the same
    )
    layer: int = 0  # which of the layers that are stacked, from 0
    stages: Mapping[str, Array] = field(default_factory=dict)  # name -> [H, N, M], those captured
    uniform: Metrics | None = None  # the same of even weights under the same mask

    @property
    def tokens(self) -> tuple[str, ...]:
        """[N] tokens of the sentence: the queries."""
        return self.embedded.sentence.tokens

    @property
    def key_tokens(self) -> tuple[str, ...]:
        """[M] tokens that are attended to; those of the sentence itself in self-attention."""
        return (self.key_embedded or self.embedded).sentence.tokens

    @property
    def before(self) -> Array:
        """[N, H·E] each token's own value vector, heads side by side: where it starts.

        With an output projection [N, D], the token's embedding. In cross-attention, where a query
        has no value of its own, [M, …], the keys': what the outputs are mixed from.
        """
        return concat_heads(self.embeddings.before)

    @property
    def after(self) -> Array:
        """[N, H·E] the output A·V, heads side by side: where attention takes it.

        With an output projection [N, D], (A·V)·W_O.
        """
        return concat_heads(self.embeddings.after)


@dataclass(frozen=True, eq=False)
class Result:
    """All that a run computes; nothing of it touches the disk."""

    layers: tuple[LayerResult, ...]
    scalars: Mapping[str, float]  # name -> mean over sentences, heads and queries
    notices: tuple[str, ...] = field(default=())  # what the reader must know of these numbers


def concat_heads(heads: Array) -> Array:
    """[H, N, E] → [N, H·E]: the heads of each position side by side.

    >>> concat_heads(np.array([[[1.0, 2.0]], [[3.0, 4.0]]])).tolist()
    [[1.0, 2.0, 3.0, 4.0]]
    """
    count, length, width = heads.shape
    return heads.transpose(1, 0, 2).reshape(length, count * width)
