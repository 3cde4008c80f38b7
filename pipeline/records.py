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

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pipeline.faults import Fault

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

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
class Prepared:
    """One sentence, ready to be attended over."""

    embedded: Embedded  # the queries' sentence
    projected: Projected
    keyed: Embedded | None  # the keys' sentence; None in self-attention, where it is the same
    nulls: dict[str, Measured] = field(default_factory=dict)  # what even weights came to, by mask

    @property
    def shape(self) -> tuple[int, int, int]:
        """[H, N, M] of the weights."""
        (heads, queries, _), keys = self.projected.query.shape, self.projected.key.shape[1]
        return heads, queries, keys

    @property
    def numbers(self) -> tuple[Positions, Positions]:
        """[N] and [M], a number for the token of each query and key: equal where the tokens are."""
        tokens = self.embedded.sentence.tokens, (self.keyed or self.embedded).sentence.tokens
        number = {token: i for i, token in enumerate({t: None for both in tokens for t in both})}
        queries, keys = (np.array([number[token] for token in one]) for one in tokens)
        return queries, keys


@dataclass(frozen=True, eq=False)
class Block:
    """Queries first ≤ i < last and keys low ≤ j < high, of one head or (place None) of all."""

    place: tuple[int, ...] | None  # along the axes before N and M
    first: int  # position of the first query
    last: int  # one past the last query
    low: int  # position of the first key
    high: int  # one past the last key
    chunk: int = 0  # which part of its head

    @property
    def queries(self) -> slice:
        """Its rows."""
        return slice(self.first, self.last)

    @property
    def keys(self) -> slice:
        """Its columns."""
        return slice(self.low, self.high)

    @property
    def head(self) -> int | None:
        """The number of the head, the last of those axes."""
        return None if self.place is None else (self.place[-1] if self.place else 0)


@dataclass(frozen=True, eq=False)
class Rows:
    """Whole rows of weights and where they stand: a block of one head, or all rows of all."""

    weights: Array  # [..., B, M'], M' of the M keys; the others have no weight
    counts: npt.NDArray[np.integer[Any]]  # [..., B], how many of all keys each query may attend to
    first: int = 0  # position of the first query
    low: int = 0  # position of the first key
    entropy: Array | None = None  # [..., B] in nats, where a softmax has just had its logits
    numbers: tuple[Positions, Positions] | None = None  # [N] and [M], equal where the tokens are
    found: dict[object, Any] = field(default_factory=dict)  # what several metrics read, kept
    allowed: Callable[[], Mask] | None = None  # makes [..., B, M']: who takes part; None: all do
    meant: Callable[[], Mask] | None = None  # who would, did the mask not leak; None: who does
    positive: bool = False  # whether it is known that no weight is 0


@dataclass(frozen=True, eq=False)
class Attended:
    """What attention gives back; weights and mask may not have been kept."""

    kept_weights: Array | None  # [..., N, M], >= 0; zeros where every key is masked
    output: Array  # [..., N, E], weights @ value
    kept_mask: Mask | Callable[[], Mask] | None  # or what makes it; True where the key takes part

    @property
    def weights(self) -> Array:
        """[..., N, M], the weight that query i gives to key j."""
        if self.kept_weights is None:
            raise Fault("attend: the weights were not kept; expected keep_weights=True")
        return self.kept_weights

    @property
    def allowed(self) -> Mask:
        """Booleans that broadcast to [..., N, M]: whether key j takes part for query i."""
        if self.kept_mask is None:
            raise Fault("attend: the mask was not kept; expected keep_weights=True")
        return self.kept_mask() if callable(self.kept_mask) else self.kept_mask

    @property
    def rows(self) -> Rows:
        """All rows of all heads."""
        allowed = np.broadcast_to(self.allowed, self.weights.shape)
        return Rows(self.weights, allowed.sum(axis=-1), allowed=lambda: allowed)


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
class Seen:
    """What one pass over the rows of weights left besides the metrics, kept weights or not."""

    counts: Positions  # [H, N], how many keys each query may attend to
    itself: Array  # [H, N], the weight on the key at the query's own place; NaN where silent
    mass: Array  # [H, M], the mean weight of each key over the queries that have a key left
    null: Array  # [H, M], the same of uniform rows under the same mask
    pooled: Pooled | None = None  # where it was asked for
    top: Top | None = None  # likewise


@dataclass(frozen=True, eq=False)
class Moved:
    """Where the embeddings start and where attention takes them, in one space.

    G = H heads, each in a space of its own; or 1, all heads brought together by an output W_O.
    """

    static: Array  # [G, N, E] where each token starts; [G, M, E] each key in cross-attention
    contextual: Array  # [G, N, E] where each query ends
    norms: Array  # [H, M] length of what each key adds to an output for a weight of 1
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
class Traced:
    """What came of each key for each query, of weights that were kept."""

    weights: Array  # [H, N, M] α
    allowed: Mask  # broadcasts to [H, N, M], True where the key takes part
    weighted: Array  # [H, N, M] ‖α_ij v_j‖, the length of what key j adds to query i's output
    rollout: Array  # [N, M] how much of the first layer's token j is in query i's embedding


@dataclass(frozen=True, eq=False)
class Measured:
    """Numbers read off one sentence's attention."""

    rows: Mapping[str, Array]  # name -> [H, N], one number a query; NaN where undefined
    scalars: Mapping[str, float]  # name -> one number; NaN where undefined
    seen: Seen
    traced: Traced | None = None  # where a metric or a plot asked for it


@dataclass(frozen=True, eq=False)
class Outcome:
    """One sentence's whole way through the pipeline: what plots, readings and the store take."""

    embedded: Embedded  # of the queries
    projected: Projected
    attended: Attended
    moved: Moved
    measured: Measured
    keyed: Embedded | None = None  # of the keys; None in self-attention, where it is the same
    layer: int = 0  # which of the layers that are stacked, from 0
    stages: Mapping[str, Array] = field(default_factory=dict)  # name -> [H, N, M], those captured
    null: Measured | None = None  # the same of even weights under the same mask

    @property
    def tokens(self) -> tuple[str, ...]:
        """[N] tokens of the sentence: the queries."""
        return self.embedded.sentence.tokens

    @property
    def key_tokens(self) -> tuple[str, ...]:
        """[M] tokens that are attended to; those of the sentence itself in self-attention."""
        return (self.keyed or self.embedded).sentence.tokens

    @property
    def static(self) -> Array:
        """[N, H·E] each token's own value vector, heads side by side: where it starts.

        With an output projection [N, D], the token's embedding. In cross-attention, where a query
        has no value of its own, [M, …], the keys': what the outputs are mixed from.
        """
        return beside(self.moved.static)

    @property
    def contextual(self) -> Array:
        """[N, H·E] the output A·V, heads side by side: where attention takes it.

        With an output projection [N, D], (A·V)·W_O.
        """
        return beside(self.moved.contextual)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns by name and rows of plain values, ready to be written as CSV."""

    columns: Sequence[str]  # what each value of a row is
    rows: Sequence[Sequence[object]]  # each as long as columns


@dataclass(frozen=True, eq=False)
class Picked:
    """A column whose values are some of a few, such as the tokens of a sentence."""

    choices: Sequence[object]  # such as tokens, each once
    places: Positions  # [R], row r has choices[places[r]]


Column = str | int | Picked | Array  # one value for all rows, some of a few, or numbers [R]


@dataclass(frozen=True, eq=False)
class LongTable:
    """A table that may have millions of rows, made a part at a time and a column at a time."""

    columns: Sequence[str]  # what each column holds
    count: int  # of all rows
    parts: Callable[[], Iterator[Sequence[Column]]]  # each part: its columns, of equal length

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """All rows as plain values, for a table that is small after all."""
        return [row for part in self.parts() for row in zip(*map(plain, part), strict=False)]


def plain(column: Column) -> Iterable[object]:
    """The values of a column, row by row; of a single value without end.

    >>> list(plain(Picked(["a", "b"], np.array([1, 1, 0]))))
    ['b', 'b', 'a']
    """
    if isinstance(column, str | int):
        return repeat(column)
    if isinstance(column, Picked):
        return [column.choices[place] for place in column.places.tolist()]
    return column.tolist()


@dataclass(frozen=True, eq=False)
class Sheet:
    """A figure yet to be drawn: a frame that many figures may share, and what fills it.

    For a plot that sweeps draw again and again. `frame(*about)` makes the figure with all its
    artists, and hands over those that move: what differs between figures of equal `about`, and
    nothing else may. `fill` sets every one of them from the data, whatever they held before, and
    returns them in the order they are drawn, above all that stays. So a plot is two functions:

        return Drawing(Sheet(frame, (tokens, heads), partial(fill, weights, caption)), table)
    """

    frame: Callable[..., tuple[Figure, Any]]  # a function of a module, called with `about`
    about: tuple[Hashable, ...]  # all that the frame depends on
    fill: Callable[[Any], Sequence[Artist]]  # given what the frame handed over

    def figure(self) -> Figure:
        """A figure of its own, every artist in it, that no other drawing shares."""
        figure, parts = self.frame(*self.about)
        self.fill(parts)
        return figure


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, and the numbers it draws.

    A plot that is drawn now and then hands over its figure; one for sweeps, a sheet.
    """

    plan: Figure | Sheet  # what is drawn: at once, or when it is saved
    table: Table

    @cached_property
    def figure(self) -> Figure:
        """The figure, whole."""
        return self.plan.figure() if isinstance(self.plan, Sheet) else self.plan


@dataclass(frozen=True, eq=False)
class Result:
    """All that a run computes; nothing of it touches the disk."""

    outcomes: tuple[Outcome, ...]
    scalars: Mapping[str, float]  # name -> mean over sentences, heads and queries
    notices: tuple[str, ...] = field(default=())  # what the reader must know of these numbers


def beside(heads: Array) -> Array:
    """[H, N, E] → [N, H·E]: the heads of each position side by side.

    >>> beside(np.array([[[1.0, 2.0]], [[3.0, 4.0]]])).tolist()
    [[1.0, 2.0, 3.0, 4.0]]
    """
    count, length, width = heads.shape
    return heads.transpose(1, 0, 2).reshape(length, count * width)
