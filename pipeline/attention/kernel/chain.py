"""The chain: the stages between query and key on one side and the weights on the other.

score → scale and temperature → cap → bias → mask → normalize, for any block of whole rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from pipeline.attention.biases import Bias
from pipeline.attention.checks import check_no_overflow
from pipeline.attention.kernel.tiles import Tile, scores
from pipeline.attention.masks import Mask
from pipeline.attention.normalizers import Normalizer
from pipeline.attention.normalizers.softmax import SAFE_LOGIT
from pipeline.attention.score.softcap import softcap
from pipeline.base.records import Array, Block, Rows
from pipeline.base.records import Mask as Pairs

MAX_FLOAT = {np.dtype(kind): float(np.finfo(kind).max) for kind in (np.float32, np.float64)}

LOG2_E = 1.0 / math.log(2.0)

STAGES = ("scores", "scaled", "capped", "biased", "masked")  # before the weights, in their order

StageCallback = Callable[[str, Array], None]  # takes the name of a stage and its array


def no_op(stage: str, array: Array) -> None:
    """No stage is captured."""


def recorder(stages: Collection[str], into: dict[str, Array]) -> StageCallback:
    """A on_stage that copies the named stages into a dict."""

    def on_stage(stage: str, array: Array) -> None:
        if stage in stages:
            into[stage] = array.copy()

    return on_stage if stages else no_op


def no_change(logits: Array, block: Block) -> None:
    """Nothing is done before the cap."""


@dataclass(frozen=True, eq=False)
class Chain:
    """The stages with their settings; 1/T is in the multiplier."""

    multiplier: float | Array  # [..., N, 1] where it differs between queries
    softcap: float | None
    bias: Bias | None
    mask: Mask
    normalizer: Normalizer
    leading: tuple[int, ...]  # the axes of query before N and D
    score_bound: float  # no score, cap and bias aside, is larger than this
    tile: Tile  # the parts in which products are made
    before_cap: Callable[[Array, Block], None] = no_change  # in place
    intended_mask: Mask | None = None  # what a mask before the cap meant to hide
    exp_fn: np.ufunc = np.exp  # the exponential of the logits, in whose base they come

    @property
    def is_kernel(self) -> bool:
        """Whether rows come from products of features, with 0 and not −inf where masked."""
        return self.normalizer.features is not None

    @property
    def heads_are_uniform(self) -> bool:
        """Whether it is known that every head is done in the same way, by a softmax."""
        masks = (self.mask, self.intended_mask or self.mask)
        by_head = self.bias is not None or any(mask.predicate is not None for mask in masks)
        plain = not isinstance(self.multiplier, np.ndarray)
        return plain and not by_head and self.normalizer.unnormalized is not None

    def logits(
        self,
        query: Array,
        key: Array,
        block: Block,
        out: Array | None,
        on_stage: StageCallback = no_op,
    ) -> Array:
        """Masked logits of a block, [..., B, D] and [..., M', D] → [..., B, M'], in `out` if given.

        Raises `Fault` where a score overflows its type.
        """
        if out is None:
            out = np.empty((*query.shape[:-1], key.shape[-2]), query.dtype)
        if on_stage is not no_op:
            on_stage("scores", scores(query, key, self.tile, out))
        factor: Any = self.multiplier
        if isinstance(factor, np.ndarray):
            factor = head_part(
                factor[..., block.query_start : block.query_stop, :],
                self.leading,
                block.part_of_head_axes,
            )
        with np.errstate(over="ignore", invalid="ignore"):  # reported below
            made = scores(query * np.asarray(factor, query.dtype), key, self.tile, out)
        if not self.score_bound < MAX_FLOAT[made.dtype] / 4:
            check_no_overflow("attention.temperature: scores", "a scale and a temperature", made)
        on_stage("scaled", made)
        if self.softcap is not None:
            self.before_cap(made, block)
            made = softcap(made, self.softcap)
            on_stage("capped", made)
        if self.bias is not None:
            added = self.bias.block(
                block.head_index,
                block.query_start,
                block.query_stop,
                block.key_start,
                block.key_stop,
            )
            added = head_part(
                added, self.leading[:-1], block.part_of_head_axes and block.part_of_head_axes[:-1]
            )
            with np.errstate(over="ignore", invalid="ignore"):  # reported below
                np.add(made, added, out=made)
            check_no_overflow("attention.bias: scores and bias", "numbers", made)
            on_stage("biased", made)
        self.apply_mask(made, block)
        on_stage("masked", made)
        return made

    def apply_mask(self, logits: Array, block: Block) -> None:
        """Masks a block in place, looking only at the keys that some of its queries may not see."""
        ends = (block.query_start, block.query_stop, block.key_start, block.key_stop)
        if self.mask.is_full(*ends):
            return
        start, stop = self.mask.full_range(*ends)
        for low, high in ((block.key_start, start), (stop, block.key_stop)):
            if low < high:
                part = logits[..., low - block.key_start : high - block.key_start]
                allowed = head_part(
                    self.mask.block(block.query_start, block.query_stop, low, high),
                    self.leading,
                    block.part_of_head_axes,
                )
                np.copyto(part, 0.0 if self.is_kernel else -np.inf, where=~allowed)

    def rows(self, weights: Array, block: Block, keys: int, entropy: Array | None = None) -> Rows:
        """A block's weights with what a metric must know of them; M = `keys`."""
        counts = self.mask.counts(block.query_start, block.query_stop, keys)
        if block.part_of_head_axes is not None and counts.ndim > 1:
            counts = np.broadcast_to(counts, (*self.leading, counts.shape[-1]))[
                block.part_of_head_axes
            ]
        ends = (block.query_start, block.query_stop, block.key_start, block.key_stop)
        allowed = None if self.mask.is_full(*ends) else partial(self.mask_block, self.mask, block)
        meant = partial(self.mask_block, self.intended_mask, block) if self.intended_mask else None
        positive = entropy is not None and allowed is None and self.surely_positive(weights)
        return Rows(
            weights,
            counts,
            block.query_start,
            block.key_start,
            entropy,
            mask=allowed,
            intended_mask=meant,
            all_positive=positive,
        )

    def surely_positive(self, weights: Array) -> bool:
        """Whether a softmax of logits this small, none of them masked, is nowhere 0.

        The smallest weight is at least exp(−2·bound)/M.
        """
        least = 2.0 * min(self.score_bound, self.softcap or math.inf) + math.log(weights.shape[-1])
        return self.bias is None and least < 0.9 * math.log(MAX_FLOAT[weights.dtype])

    def mask_block(self, mask: Mask, block: Block) -> Pairs:
        """Which pairs of a block a mask lets take part, broadcasts to [..., B, M']."""
        made = mask.block(block.query_start, block.query_stop, block.key_start, block.key_stop)
        return head_part(made, self.leading, block.part_of_head_axes)

    @property
    def is_bounded(self) -> bool:
        """Whether it is known that no logit is large."""
        bound = self.score_bound if self.softcap is None else min(self.score_bound, self.softcap)
        return self.bias is None and bound < SAFE_LOGIT

    def normalize_first(self) -> Chain:
        """The same chain for values so large or small that they bear no factor but a weight."""
        return replace(self, normalizer=replace(self.normalizer, unnormalized=None))

    def to_base_two(self, dtype: np.dtype) -> Chain:
        """The same chain with logits to the base 2, where their exponentials take half the time.

        exp(z) = 2^(z·log₂e), and log₂e goes into the multiplier. Not for keys that are masked or
        rows of any size, as NumPy is slow at the powers of −∞ and at those too small to hold.
        """
        plain = self.softcap is None and self.mask.is_everything and not self.is_kernel
        if not (plain and self.is_bounded and two_is_faster(dtype)):
            return self
        return replace(self, multiplier=self.multiplier * LOG2_E, exp_fn=np.exp2)


@cache
def two_is_faster(dtype: np.dtype) -> bool:
    """Whether NumPy has powers of 2 of that type in vectors as wide as those of e."""
    if dtype != np.float32:
        return False
    loops = np.lib.introspect.opt_func_info(func_name="^exp2?$", signature="float32")
    return loops["exp2"]["ff"]["current"] == loops["exp"]["ff"]["current"]


def head_part(array: Any, leading: tuple[int, ...], place: tuple[int, ...] | None) -> Any:
    """The [B, M'] of [..., B, M'] at a place along the leading axes; all of it where place is None.

    >>> head_part(np.arange(2).reshape(2, 1, 1), leading=(3, 2), place=(0, 1)).tolist()
    [[1]]
    """
    if place is None or array.ndim <= 2:
        return array
    return np.broadcast_to(array, (*leading, *array.shape[-2:]))[place]
