"""YAML text: settings as a person would write them, each text kept for the runs that share it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml


def as_yaml(content: Mapping[str, Any] | Sequence[str]) -> str:
    """YAML as a person would write it: order kept, letters as letters.

    Between the runs of a sweep little of it changes, and PyYAML takes a millisecond a run, so the
    text of each section and entry is kept.

    >>> print(as_yaml({"attention": {"scale": "on", "mask": ["causal"]}, "seed": 0}), end="")
    attention:
      scale: 'on'
      mask:
      - causal
    seed: 0
    """
    if isinstance(content, Mapping):
        return "".join(entry(name, json.dumps(value)) for name, value in content.items())
    return "".join(item(value) for value in content) or dumped([])


@lru_cache(1024)
def entry(name: str, value: str) -> str:
    """One entry, its value as JSON, which tells values of every kind apart."""
    content = json.loads(value)
    if isinstance(content, dict) and content and name.isidentifier():
        return f"{name}:\n{textwrap.indent(as_yaml(content), '  ')}"
    return dumped({name: content})


@lru_cache(1024)
def item(text: str) -> str:
    """One text of a list."""
    return dumped([text])


def dumped(content: object) -> str:
    """What PyYAML makes of it."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
