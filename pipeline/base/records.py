"""The records that the stages hand to one another, and the legend of axis letters.

| letter | axis                                                      |
|--------|-----------------------------------------------------------|
| N      | queries: the positions that attend                        |
| M      | keys: the positions attended to (M = N in self-attention) |
| D      | width of an embedding, a query or a key (d_k)             |
| E      | width of a value                                          |
| H      | heads, of the queries                                     |
| G      | heads of keys and values, each shared by H/G query heads  |
| L      | layers                                                    |
| B      | sentences of a batch                                      |
| W      | width of the model                                        |
| V      | words of the vocabulary                                   |

`...` stands for any leading axes, such as batch and heads. N' and M' are part of an axis: the
queries of one block, the keys that a block reaches. Positions, heads and layers count from 0.
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

# --- sentence → query, key, value ----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sentence:
    """A sentence, split into tokens."""

    name: str  # its name in files and tables
    tokens: tuple[str, ...]  # [N], at least one; no token is empty


@dataclass(frozen=True, eq=False)
class Embedded:
    """A sentence and the vector of each of its tokens."""

    sentence: Sentence
    vectors: Array  # [N, D], finite
    source: str = ""  # where the vectors come from, in words


@dataclass(frozen=True, eq=False)
class Projected:
    """Queries, keys and values of every head."""

    query: Array  # [H, N, D]
    key: Array  # [G, M, D], G divides H
    value: Array  # [G, M, E]
    output: Array | None = None  # [H·E, D], W_O: heads side by side → embedding


@dataclass(frozen=True, eq=False)
class LayerInput:
    """One sentence, ready for attention."""

    embedded: Embedded  # the queries' sentence
    projected: Projected
    key_embedded: Embedded | None  # the keys' sentence; None in self-attention
    uniform_cache: dict[str, Metrics] = field(default_factory=dict)  # of uniform attention, by mask

    @property
    def shape(self) -> tuple[int, int, int]:
        """[H, N, M] of the weights."""
        (heads, queries, _), keys = self.projected.query.shape, self.projected.key.shape[1]
        return heads, queries, keys

    @property
    def token_ids(self) -> tuple[Positions, Positions]:
        """A number for each query's token [N] and each key's [M]; equal where the tokens are."""
        queries, keys = self.embedded, self.key_embedded or self.embedded
        tokens = queries.sentence.tokens, keys.sentence.tokens
        ids = {token: i for i, token in enumerate(dict.fromkeys((*tokens[0], *tokens[1])))}
        query_ids, key_ids = (np.array([ids[token] for token in side]) for side in tokens)
        return query_ids, key_ids


# --- attention: weights and outputs, whole or a block of queries at a time -----------------------


@dataclass(frozen=True, eq=False)
class Block:
    """The part of the weights that is computed at once: some queries, and the keys they reach."""

    head: tuple[int, ...] | None  # index along the axes before N and M; None: all heads
    query_start: int  # first query
    query_stop: int  # one past the last query
    key_start: int  # first key
    key_stop: int  # one past the last key
    part: int = 0  # which part of its head; one thread computes a part, its blocks in order

    @property
    def queries(self) -> slice:
        """Its rows."""
        return slice(self.query_start, self.query_stop)

    @property
    def keys(self) -> slice:
        """Its columns."""
        return slice(self.key_start, self.key_stop)

    @property
    def ends(self) -> tuple[int, int, int, int]:
        """(query_start, query_stop, key_start, key_stop)."""
        return self.query_start, self.query_stop, self.key_start, self.key_stop

    @property
    def head_index(self) -> int | None:
        """The number of its head, 0 where there is no head axis; None: all heads."""
        if self.head is None:
            return None
        return self.head[-1] if self.head else 0


@dataclass(frozen=True, eq=False)
class Rows:
    """Whole rows of weights, each over every key that has a weight: of one block, or all rows."""

    weights: Array  # [..., N', M'], >= 0; keys that are not among the M' have weight 0
    allowed_counts: npt.NDArray[np.integer[Any]]  # [..., N'], of all M keys: those not masked
    query_start: int = 0  # position of the first query
    key_start: int = 0  # position of the first key
    entropy: Array | None = None  # [..., N'] in nats; of softmax alone, which computes it anyway
    token_ids: tuple[Positions, Positions] | None = None  # [N] and [M], equal for equal tokens
    memo: dict[object, Any] = field(default_factory=dict)  # intermediate results metrics share
    mask: Callable[[], Mask] | None = None  # makes [..., N', M'], True: allowed; None: all allowed
    intended_mask: Callable[[], Mask] | None = None  # what a mask that leaks meant; None: no leak
    all_positive: bool = False  # known to have no weight of 0


@dataclass(frozen=True, eq=False)
class Attended:
    """The result of attention; weights and mask only where the caller asked to keep them."""

    stored_weights: Array | None  # [..., N, M], >= 0; all 0 in a fully masked row
    output: Array  # [..., N, E], weights @ value
    stored_mask: Mask | Callable[[], Mask] | None  # or a function that makes it; True: allowed

    @property
    def weights(self) -> Array:
        """[..., N, M], the weight that query i gives to key j."""
        if self.stored_weights is None:
            raise UserError("attend: the weights were not kept; expected keep_weights=True")
        return self.stored_weights

    @property
    def allowed(self) -> Mask:
        """Broadcasts to [..., N, M]: whether query i may attend to key j."""
        if self.stored_mask is None:
            raise UserError("attend: the mask was not kept; expected keep_weights=True")
        return self.stored_mask() if callable(self.stored_mask) else self.stored_mask

    @property
    def rows(self) -> Rows:
        """All rows of all heads."""
        allowed = np.broadcast_to(self.allowed, self.weights.shape)
        return Rows(self.weights, allowed.sum(axis=-1), mask=lambda: allowed)


@dataclass(frozen=True, eq=False)
class Gradients:
    """∂L/∂(each input of attention) for the loss L = Σ upstream·output."""

    query: Array  # [..., N, D], the shape of query
    key: Array  # [..., M, D], the shape of key: summed over the query heads that share one
    value: Array  # [..., M, E], the shape of value: summed likewise
    bias: Array  # [..., N, M], of what is added after the cap; 0 where masked
    logits: Array  # [..., N, M], of the scaled scores z before the cap; 0 where masked
    temperature: float | Array  # of the T that divides the scores; [H] where T is one per head


@dataclass(frozen=True, eq=False)
class Embeddings:
    """The vectors before and after attention, in one space.

    S spaces: H, one for each head, or 1 where W_O or a residual brings the heads together.
    """

    before: Array  # [S, N, E] each token before attention; in cross-attention [S, M, E] each key
    after: Array  # [S, N, E] each query after attention
    value_norms: Array  # [H, M] length of what key j adds to an output at weight 1
    is_cross: bool = False  # queries and keys are different sentences
    is_residual: bool = False  # after = embedding + output


# --- metrics -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pooled:
    """The N × M weights in bins; bin (a, b) has the queries queries[a] ≤ i < queries[a + 1]."""

    values: Array  # [H, N', M'], one number per bin; NaN where every pair is masked
    queries: Positions  # [N' + 1], where each bin starts, and the end of the last
    keys: Positions  # [M' + 1], likewise
    kind: str  # how the weights of a bin become one number: mean or max

    @property
    def is_whole(self) -> bool:
        """Whether every bin is one pair, so that nothing is pooled."""
        return self.values.shape[-2:] == (self.queries[-1], self.keys[-1])


@dataclass(frozen=True, eq=False)
class Top:
    """The k largest weights of every row, in the order of their keys."""

    keys: Positions  # [H, N, k] positions; -1 where fewer than k keys are allowed
    weights: Array  # [H, N, k]; 0 there


@dataclass(frozen=True, eq=False)
class WeightTotals:
    """What one pass over the weights gathers, whether or not the weights are kept."""

    allowed_counts: Positions  # [H, N], how many keys each query may attend to
    self_weight: Array  # [H, N], weight on the key at the query's own position; NaN if fully masked
    key_mass: Array  # [H, M], mean weight of each key over the queries that may attend to any key
    key_mass_uniform: Array  # [H, M], the same under uniform attention with the same mask
    pooled: Pooled | None = None  # where a figure needs it
    top: Top | None = None  # where attention.retain is top_k


@dataclass(frozen=True, eq=False)
class Flow:
    """What each key contributes to each query, in one layer and from the first layer up."""

    weights: Array  # [H, N, M] α
    allowed: Mask  # broadcasts to [H, N, M], True: allowed
    weighted: Array  # [H, N, M] ‖α_ij v_j‖, the length of what key j adds to query i's output
    rollout: Array  # [N, M] share of the first layer's token j in query i's embedding


@dataclass(frozen=True, eq=False)
class Metrics:
    """The metrics of one sentence in one layer."""

    rows: Mapping[str, Array]  # name -> [H, N], one number per query; NaN where undefined
    heads: Mapping[str, Array]  # name -> [H], one number per head; NaN where undefined
    scalars: Mapping[str, float]  # name -> one number, a mean of what is defined above, or of a set
    totals: WeightTotals
    flow: Flow | None = None  # where a metric or a plot needs it


# --- results -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LayerResult:
    """Everything computed of one sentence in one layer; what plots, prose and the store read."""

    embedded: Embedded  # the queries' sentence
    projected: Projected
    attended: Attended
    embeddings: Embeddings
    metrics: Metrics
    key_embedded: Embedded | None = None  # the keys' sentence; None in self-attention
    layer: int = 0  # number of the layer, from 0
    stages: Mapping[str, Array] = field(default_factory=dict)  # name -> [H, N, M], if requested
    uniform: Metrics | None = None  # the metrics of uniform attention with the same mask

    @property
    def tokens(self) -> tuple[str, ...]:
        """[N] tokens of the queries."""
        return self.embedded.sentence.tokens

    @property
    def key_tokens(self) -> tuple[str, ...]:
        """[M] tokens of the keys; in self-attention those of the queries."""
        return (self.key_embedded or self.embedded).sentence.tokens

    @property
    def before(self) -> Array:
        """[N, H·E] each token's value vectors, heads side by side: before attention.

        [N, D] with an output projection: the token's embedding. In cross-attention, where a query
        has no value of its own, [M, …]: the keys', which the outputs are mixed from.
        """
        return concat_heads(self.embeddings.before)

    @property
    def after(self) -> Array:
        """[N, H·E] the output A·V, heads side by side: after attention.

        [N, D] with an output projection: (A·V)·W_O.
        """
        return concat_heads(self.embeddings.after)


@dataclass(frozen=True, eq=False)
class Result:
    """Everything a run computes, in memory."""

    layers: tuple[LayerResult, ...]  # of each sentence, layer by layer
    scalars: Mapping[str, float]  # name -> mean over sentences, layers, heads and queries
    notices: tuple[str, ...] = ()  # what the reader must know about these numbers


def concat_heads(heads: Array) -> Array:
    """[H, N, E] → [N, H·E]: the heads of each position side by side.

    >>> concat_heads(np.array([[[1.0, 2.0]], [[3.0, 4.0]]])).tolist()
    [[1.0, 2.0, 3.0, 4.0]]
    """
    count, length, width = heads.shape
    return heads.transpose(1, 0, 2).reshape(length, count * width)
