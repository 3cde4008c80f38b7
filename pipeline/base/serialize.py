"""Values as JSON, YAML and Markdown text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml


def undefined_as_null(content: Any) -> Any:
    """`content` with NaN, which JSON does not have, as None."""
    if isinstance(content, float):
        return None if math.isnan(content) else content
    if isinstance(content, Mapping):
        return {key: undefined_as_null(value) for key, value in content.items()}
    return content


def to_json(content: Any) -> str:
    """Indented JSON, letters as letters and an undefined number as null.

    >>> print(to_json({"a": [1, None], "b": float("nan")}))
    {
      "a": [
        1,
        null
      ],
      "b": null
    }
    """
    return json.dumps(undefined_as_null(content), indent=2, ensure_ascii=False)


def without_aliases(dumper: Any) -> Any:
    """A dumper that writes a value out each time it recurs, with no anchor and alias."""
    return type("Dumper", (dumper,), {"ignore_aliases": lambda *_: True})


DUMPER = without_aliases(yaml.SafeDumper)
FAST_DUMPER = without_aliases(getattr(yaml, "CSafeDumper", yaml.SafeDumper))


def to_yaml(content: Mapping[str, Any] | Sequence[str]) -> str:
    """YAML as a person would write it: order kept, letters as letters.

    >>> print(to_yaml({"attention": {"scale": "on", "mask": ["causal"]}, "seed": 0}), end="")
    attention:
      scale: 'on'
      mask:
      - causal
    seed: 0
    """
    text = dump_yaml(content, FAST_DUMPER)
    # libyaml escapes emoji and other characters beyond the first 65,536 of Unicode.
    return dump_yaml(content, DUMPER) if "\\U" in text else text


def dump_yaml(content: object, dumper: Any = DUMPER) -> str:
    """What PyYAML writes with that dumper."""
    text: str = yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def escape_markdown(text: str) -> str:
    """`text` with the characters that Markdown or HTML would read as markup made literal.

    >>> escape_markdown("<b>*a*")
    '&lt;b&gt;\\\\*a\\\\*'
    """
    line = " ".join(text.split())  # a line break in a token must not start a list item
    html = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + c if c in "\\`*_[]#|~" else c for c in html)
