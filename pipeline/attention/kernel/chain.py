"""The chain: from query and key to masked logits, for any block of whole rows.

score → scale and temperature → cap → bias → mask; `attend_block` normalizes and mixes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.attention.biases import Bias
from pipeline.attention.checks import check_no_overflow
from pipeline.attention.kernel.heads import head_part
from pipeline.attention.kernel.stages import StageCallback, no_op
from pipeline.attention.kernel.tiles import Tile, scores
from pipeline.attention.masks import Mask
from pipeline.attention.normalizers import Normalizer
from pipeline.attention.normalizers.softmax import SAFE_LOGIT
from pipeline.attention.score.softcap import softcap
from pipeline.base.records import Array, Block
from pipeline.base.records import Mask as Booleans

MAX_FLOAT = {np.dtype(kind): float(np.finfo(kind).max) for kind in (np.float32, np.float64)}


def no_change(logits: Array, block: Block) -> None:
    """Nothing happens before the cap."""


@dataclass(frozen=True, eq=False)
class Chain:
    """The stages with their settings, every name resolved."""

    multiplier: float | Array  # c/T; [..., 1 or N, 1] where heads or queries differ
    softcap: float | None
    bias: Bias | None
    mask: Mask
    normalizer: Normalizer
    leading: tuple[int, ...]  # the axes of query before N and D
    score_bound: float  # no |score| is larger, before cap and bias
    tile: Tile  # the tiles in which products are computed
    before_cap: Callable[[Array, Block], None] = no_change  # changes logits in place
    intended_mask: Mask | None = None  # under mask_then_cap, the mask that leaks

    @property
    def is_kernel(self) -> bool:
        """Whether logits are products of features, with 0 and not −∞ where masked."""
        return self.normalizer.features is not None

    @property
    def is_bounded(self) -> bool:
        """Whether no logit can be large, so that a softmax needs no shift."""
        bound = self.score_bound if self.softcap is None else min(self.score_bound, self.softcap)
        return self.bias is None and bound < SAFE_LOGIT

    def logits(
        self,
        query: Array,
        key: Array,
        block: Block,
        out: Array,
        on_stage: StageCallback = no_op,
    ) -> Array:
        """The masked logits of a block, [..., N', D] and [..., M', D] → [..., N', M'], in `out`.

        Raises `UserError` where a score overflows its type.
        """
        if on_stage is not no_op:
            on_stage("scores", scores(query, key, self.tile, out))
        with np.errstate(over="ignore", invalid="ignore"):  # reported below
            logits = scores(query * self.block_multiplier(block, query.dtype), key, self.tile, out)
        if not self.score_bound < MAX_FLOAT[logits.dtype] / 4:
            check_no_overflow("attention.temperature: scores", "a scale and a temperature", logits)
        on_stage("scaled", logits)
        if self.softcap is not None:
            self.before_cap(logits, block)
            logits = softcap(logits, self.softcap)
            on_stage("capped", logits)
        if self.bias is not None:
            self.add_bias(self.bias, logits, block)
            on_stage("biased", logits)
        self.apply_mask(logits, block)
        on_stage("masked", logits)
        return logits

    def block_multiplier(self, block: Block, dtype: np.dtype[Any]) -> Array:
        """c/T for the queries of a block, a number or [..., 1 or N', 1]."""
        factor = self.multiplier
        if isinstance(factor, np.ndarray):
            if factor.shape[-2] > 1:
                factor = factor[..., block.query_start : block.query_stop, :]
            factor = head_part(factor, self.leading, block.head)
        return np.asarray(factor, dtype)

    def add_bias(self, bias: Bias, logits: Array, block: Block) -> None:
        """Adds the bias of a block in place; a `UserError` where the sum overflows."""
        added = bias.block(block.head_index, *block.ends)
        axes = block.head
        added = head_part(added, self.leading[:-1], axes and axes[:-1])
        with np.errstate(over="ignore", invalid="ignore"):  # reported below
            np.add(logits, added, out=logits)
        check_no_overflow("attention.bias: scores and bias", "numbers", logits)

    def apply_mask(self, logits: Array, block: Block) -> None:
        """Masks a block in place, reading only keys that some of its queries may not attend to."""
        query_start, query_stop, key_start, key_stop = block.ends
        if self.mask.is_full(*block.ends):
            return
        full_start, full_stop = self.mask.full_range(*block.ends)
        for start, stop in ((key_start, full_start), (full_stop, key_stop)):
            if start < stop:
                allowed = self.mask.block(query_start, query_stop, start, stop)
                allowed = head_part(allowed, self.leading, block.head)
                part = logits[..., start - key_start : stop - key_start]
                np.copyto(part, 0.0 if self.is_kernel else -np.inf, where=~allowed)

    def mask_block(self, mask: Mask, block: Block) -> Booleans:
        """Which pairs of a block a mask allows; broadcasts to [..., N', M']."""
        return head_part(mask.block(*block.ends), self.leading, block.head)
