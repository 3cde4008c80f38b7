"""The caption: the settings of the mechanism in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.base.values import format_value

ALWAYS = (("scale ", "scale"), ("T = ", "temperature"))


def caption(attention: Mapping[str, Any], layers: Mapping[str, Any]) -> str:
    """Scale, temperature and whatever else is not at its default, as figures quote it."""
    words = [f"{name}{format_value(attention[key])}" for name, key in ALWAYS]
    usual = {"normalizer": "softmax", "softcap": None, "order": "cap_then_mask"}
    for name in ("qk_norm", "rotation", "softcap", "bias", "mask", "normalizer", "order"):
        value = attention[name]
        if value != usual.get(name, "none"):
            words.append(f"{name} {format_value(value)}")
    if layers["count"] > 1:
        words.append(f"{layers['count']} layers")
    if layers["residual"]:
        words.append("residual")
    return ", ".join(words)
