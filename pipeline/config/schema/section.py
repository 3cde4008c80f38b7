"""What every section of the configuration is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

ByIndex = dict[str, Any]  # {every: …, 0: …, 3-5: …}, see base/by_index
Spec = str | dict[str, Any] | list[Any]
Texts = tuple[str | tuple[str, ...], ...]
Words = tuple[str, ...]

Vectors = dict[str, tuple[float, ...]]


class Section(BaseModel):
    """A group of settings: nothing unknown comes in, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)
