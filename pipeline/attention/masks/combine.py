"""The masks there are, and how YAML combines them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_, or_

from pipeline.attention.masks.content import document, global_tokens, padding
from pipeline.attention.masks.kinds import Mask
from pipeline.attention.masks.matrix import matrix
from pipeline.attention.masks.place import causal, dilated, none, prefix, window
from pipeline.attention.specs import build
from pipeline.faults import Fault, shorten

MASKS: dict[str, Callable[..., Mask]] = {
    "none": none,
    "causal": causal,
    "window": window,
    "prefix": prefix,
    "document": document,
    "padding": padding,
    "dilated": dilated,
    "global_tokens": global_tokens,
    "matrix": matrix,
}


def combine(spec: object, what: str = "attention.mask") -> Mask:
    """The mask as YAML writes it.

    A name (causal), a name with its settings ({window: {left: 4, right: 0}}), a list of masks
    that must *all* allow a key, or {any: [...]}, a list of which *one* must; they nest. Raises
    `Fault` on a name or a setting that is unknown, with all there are.

    >>> spec = ["causal", {"any": [{"window": {"left": 1}}, {"global_tokens": {"count": 1}}]}]
    >>> combine(spec).full(4, 4).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 1]]
    """
    if isinstance(spec, list | tuple):
        return joined(and_, spec, what)
    if isinstance(spec, Mapping) and list(spec) == ["any"]:
        if not isinstance(spec["any"], list | tuple):
            raise Fault(f"{what}.any: got {shorten(spec['any'])}, expected a list of masks")
        return joined(or_, spec["any"], f"{what}.any")
    return build(MASKS, spec, what)


def joined(
    operator: Callable[[Mask, Mask], Mask], specs: list[object] | tuple[object, ...], what: str
) -> Mask:
    """The masks of a list, joined by `&` or by `|`."""
    if not specs:
        raise Fault(f"{what}: got an empty list, expected at least one mask, such as 'none'")
    return reduce(operator, (combine(spec, what) for spec in specs))
