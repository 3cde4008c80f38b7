"""What keeps the page safe: data that no token can break out of, scripts allowed by hash."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

# In a script element only these can end it or open another; as \u they are the same JSON.
DANGEROUS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def as_json(content: Any) -> str:
    """JSON to stand inside a script element: a number in its shortest form, NaN as null.

    >>> as_json({"token": "</script>", "entropy": float("nan")})
    '{"token":"\\\\u003c/script\\\\u003e","entropy":null}'
    """
    text = json.dumps(plain(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(DANGEROUS)


def plain(content: Any) -> Any:
    """`content` as JSON allows it: NaN and infinity become None, half a surrogate pair is replaced.

    >>> plain([float("inf"), "half a pair \\ud83d"])
    [None, 'half a pair ?']
    """
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, str):
        return content.encode("utf-8", "replace").decode("utf-8")
    if isinstance(content, Mapping):
        return {plain(key): plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    return content


def hashed(text: str) -> str:
    """The source by which a policy knows an inlined script or style.

    >>> hashed("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """A Content-Security-Policy: those scripts and styles, and nothing from anywhere else."""
    return "; ".join((
        "default-src 'none'",
        f"script-src {' '.join(map(hashed, scripts))}",
        f"style-src {' '.join(map(hashed, styles))}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ))  # fmt: skip
