"""Every variant with settings that fit any sentence, for tests that run over the whole dicts."""

from __future__ import annotations

from typing import Any

from pipeline.attention import MASKS, NORMALIZERS

SETTINGS_OF_MASKS: dict[str, dict[str, Any]] = {
    "window": {"left": 2, "right": 1},
    "prefix": {"length": 2},
    "padding": {"length": 3},
    "dilated": {"step": 2},
    "global_tokens": {"count": 1},
    "matrix": {"values": [[1]]},
}


def mask_spec(name: str, length: int) -> Any:
    """A mask by name, with what it needs for a sentence of that length."""
    if name == "document":
        return {name: {"lengths": [1, length - 1]}}
    return {name: SETTINGS_OF_MASKS[name]} if name in SETTINGS_OF_MASKS else name


def bias_spec(name: str) -> Any:
    """A bias by name, with what it needs."""
    return {"matrix": {"values": [[0.5]]}} if name == "matrix" else name


assert set(SETTINGS_OF_MASKS) <= set(MASKS)
SUM_TO_ONE = [name for name, make in NORMALIZERS.items() if make().sums_to_one]
