"""Order: the soft-cap before the mask (correct), or after it (an ablation)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.attention.kernel.chain import Chain
from pipeline.attention.masks import Mask
from pipeline.base.errors import UserError

NEEDS_BOTH = (
    "attention.order: got 'mask_then_cap', which caps the −∞ of a masked key to −softcap, so that "
    "it gets weight; expected both a softcap and a mask, or cap_then_mask"
)


def cap_then_mask(chain: Chain) -> Chain:
    """… → cap → bias → mask → normalize, the order of the definition."""
    return chain


def mask_then_cap(chain: Chain) -> Chain:
    """… → mask → cap → bias → normalize, which leaks: c·tanh(−∞/c) = −c is a logit like any other.

    Every key takes part again, masked ones with weight in proportion to exp(−c). Gemma Team 2024
    (Gemma 2) caps before it masks, as does the ONNX Attention operator.
    """
    if chain.softcap is None or chain.mask.is_everything:
        raise UserError(NEEDS_BOTH)
    return replace(chain, mask=Mask(), before_cap=chain.apply_mask, intended_mask=chain.mask)


ORDERS: dict[str, Callable[[Chain], Chain]] = {
    "cap_then_mask": cap_then_mask,
    "mask_then_cap": mask_then_cap,
}
