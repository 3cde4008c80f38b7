"""Whether settings can be set on plain dicts: not where an interpolation reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import OmegaConf

from pipeline.config.compose import Composed


def are_independent(composed: Composed, keys: Sequence[str]) -> bool:
    """Whether each key can be set by itself: all exist, and nothing depends on any of them."""
    raw: Any = OmegaConf.to_container(composed.settings)
    dotted = [f"{key}." for key in keys]
    nested = any(key != other and key.startswith(other) for key in dotted for other in dotted)
    return (
        not nested
        and all(exists(raw, key.split(".")) for key in keys)
        and not any(refers_to(text, dotted) for text in interpolations(raw))
    )


def exists(settings: Any, path: Sequence[str]) -> bool:
    """Whether dicts alone lead to a setting."""
    for part in path:
        if not isinstance(settings, dict) or part not in settings:
            return False
        settings = settings[part]
    return True


def interpolations(settings: Any) -> Iterator[str]:
    """Every string that OmegaConf has still to resolve."""
    if isinstance(settings, dict | list):
        for value in settings.values() if isinstance(settings, dict) else settings:
            yield from interpolations(value)
    elif isinstance(settings, str) and needs_omegaconf(settings):
        yield settings


def needs_omegaconf(text: str) -> bool:
    """Whether OmegaConf may read a string as something else: an interpolation, a missing value."""
    return "$" in text or "???" in text


def refers_to(text: str, dotted: Sequence[str]) -> bool:
    """Whether an interpolation names a key, anything above or below it, or a relative path.

    >>> refers_to("${sentences.name}", ["seed."]), refers_to("${sentences.name}", ["sentences."])
    (False, True)
    """
    names = re.findall(r"[\w.]+", text)
    return any(
        name.startswith(".") or f"{name}.".startswith(key) or key.startswith(f"{name}.")
        for name in names
        for key in dotted
    )
