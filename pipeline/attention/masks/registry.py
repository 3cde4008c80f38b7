"""Every mask by name, and how YAML combines them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_, or_

from pipeline.attention.masks.mask import Mask
from pipeline.attention.masks.matrix import matrix
from pipeline.attention.masks.position import causal, dilated, none, prefix, window
from pipeline.attention.masks.segment import document, global_tokens, padding
from pipeline.attention.masks.token import same_token
from pipeline.base.errors import UserError, shorten
from pipeline.base.specs import build

MASKS: dict[str, Callable[..., Mask]] = {
    "none": none,
    "causal": causal,
    "window": window,
    "prefix": prefix,
    "document": document,
    "padding": padding,
    "dilated": dilated,
    "global_tokens": global_tokens,
    "same_token": same_token,
    "matrix": matrix,
}


def build_mask(spec: object, what: str = "attention.mask") -> Mask:
    """The mask as YAML writes it.

    A name (causal), a name with its settings ({window: {left: 4, right: 0}}), a list of masks
    that must *all* allow a key, or {any: [...]}, a list of which *one* must; they nest. Raises
    `UserError` on an unknown name or setting, with all that exist.

    >>> spec = ["causal", {"any": [{"window": {"left": 1}}, {"global_tokens": {"count": 1}}]}]
    >>> build_mask(spec).full(4, 4).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 1]]
    """
    if isinstance(spec, list | tuple):
        return join_masks(and_, spec, what)
    if isinstance(spec, Mapping) and list(spec) == ["any"]:
        if not isinstance(spec["any"], list | tuple):
            raise UserError(f"{what}.any: got {shorten(spec['any'])}, expected a list of masks")
        return join_masks(or_, spec["any"], f"{what}.any")
    return build(MASKS, spec, what)


def join_masks(
    operator: Callable[[Mask, Mask], Mask], specs: list[object] | tuple[object, ...], what: str
) -> Mask:
    """The masks of a list, joined by `&` or by `|`."""
    if not specs:
        raise UserError(f"{what}: got an empty list, expected at least one mask, such as 'none'")
    return reduce(operator, (build_mask(spec, what) for spec in specs))
