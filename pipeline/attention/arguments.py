"""Each argument of `attend` that may be a name, converted to the record the chain uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from pipeline.attention.biases import Bias, build_bias
from pipeline.attention.biases import matrix as bias_matrix
from pipeline.attention.checks import to_every_head
from pipeline.attention.masks import Content, Mask, build_mask
from pipeline.attention.masks import matrix as mask_matrix
from pipeline.attention.normalizers import NORMALIZERS, Normalizer
from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.specs import build, positive


def as_softcap(softcap: object, dtype: np.dtype[Any]) -> float | None:
    """The soft-cap, a positive number that the type of the scores can hold; None for none."""
    if softcap is None:
        return None
    cap = positive(softcap, "attention.softcap")
    with np.errstate(over="ignore", under="ignore"):
        rounded = dtype.type(cap)
    if not 0.0 < rounded < np.inf:
        raise UserError(
            f"attention.softcap: got {cap}, expected a number > 0 that a {dtype} can hold"
        )
    return cap


def as_mask(
    mask: object, query: Array, key: Array, shape: tuple[int, ...], tokens: object = None
) -> Mask:
    """The mask for scores of that shape, [..., N, M], bound to the content it reads.

    `mask` is a `Mask`, a name, a combination as in YAML, or booleans [..., N, M].
    """
    token_ids = (None, None) if tokens is None else as_tokens(tokens, *shape[-2:])
    named = mask_of(mask)
    if named.from_content is not None:
        named = named.bind(Content(query, to_every_head(key, shape[:-2]), *token_ids))
    named.check(shape)
    return named


def mask_of(mask: object) -> Mask:
    """The mask as it was given, not bound yet."""
    if isinstance(mask, Mask):
        return mask
    if mask is None or isinstance(mask, str):
        return named_mask("none" if mask is None else mask)
    if is_spec(mask):
        return build_mask(mask)
    return mask_matrix(mask)


def as_tokens(tokens: object, queries: int, keys: int) -> tuple[Any, Any]:
    """The token ids of N queries and M keys, integers [N] and [M]."""
    try:
        query_ids, key_ids = (np.asarray(ids) for ids in tokens)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        query_ids = key_ids = np.empty(0)
    if (
        (query_ids.shape, key_ids.shape) != ((queries,), (keys,))
        or query_ids.dtype.kind not in "iu"
        or key_ids.dtype.kind not in "iu"
    ):
        raise UserError(
            "attend: tokens: expected the integer ids of the queries and of the keys, "
            f"([N], [M]) with N = {queries} and M = {keys}"
        )
    return query_ids, key_ids


def as_bias(bias: object, shape: tuple[int, ...]) -> Bias | None:
    """A `Bias`, a name, a sum as in YAML, or numbers [..., N, M]; None for none."""
    if bias is None or (isinstance(bias, str) and bias == "none"):
        return None
    heads = shape[-3] if len(shape) > 2 else 1
    if isinstance(bias, Bias):
        named = bias
    elif isinstance(bias, str) or is_spec(bias):
        named = build_bias(bias, heads)
    else:
        named = bias_matrix(heads, values=bias)
    named.check(shape)
    return named if len(shape) > 2 else first_head_only(named)


def first_head_only(bias: Bias) -> Bias:
    """A bias for scores without an axis of heads, [N, M]: that of the first head."""
    return replace(bias, function=lambda head, queries, keys: bias.function(0, queries, keys))


def as_normalizer(normalizer: object) -> Normalizer:
    """A `Normalizer`, a name, or a name with settings."""
    if isinstance(normalizer, Normalizer):
        return normalizer
    if isinstance(normalizer, str):
        return named_normalizer(normalizer)
    return build(NORMALIZERS, normalizer, "attention.normalizer")


def is_spec(argument: object) -> bool:
    """Whether an argument is written as in YAML: {name: settings}, or a list of such and names.

    >>> is_spec({"window": {"left": 2}}), is_spec(["causal"]), is_spec([[True, False]])
    (True, True, False)
    """
    if isinstance(argument, list | tuple):
        return any(isinstance(part, str | Mapping) for part in argument)
    return isinstance(argument, Mapping)


@cache
def named_mask(name: str) -> Mask:
    """A mask without settings, built once."""
    return build_mask(name)


@cache
def named_normalizer(name: str) -> Normalizer:
    """A normalizer with its default settings, built once."""
    return build(NORMALIZERS, name, "attention.normalizer")
