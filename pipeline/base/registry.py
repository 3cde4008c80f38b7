"""Names looked up in a dict of variants; the error lists every choice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pipeline.base.errors import UserError, shorten

T = TypeVar("T")


def lookup(choices: Mapping[str, T], name: object, what: str) -> T:
    """The entry of `choices` called `name`; `what` is the setting that the error names.

    >>> lookup({"softmax": 1, "hard": 2}, "softmx", "normalizer")
    Traceback (most recent call last):
    pipeline.base.errors.UserError: normalizer: got 'softmx', expected one of: softmax, \
hard (did you mean 'softmax'?)
    """
    if not isinstance(name, str) or name not in choices:
        raise UserError(
            f"{what}: got {shorten(name)}, expected one of: {list_choices(name, choices)}"
        )
    return choices[name]


def list_choices(name: object, choices: Iterable[str]) -> str:
    """Every choice, and the one most like `name` where one is close.

    >>> list_choices("heat", ["entropy", "heatmap"])
    "entropy, heatmap (did you mean 'heatmap'?)"
    """
    names = list(choices)
    close = difflib.get_close_matches(str(name), names, n=1)
    return ", ".join(names) + (f" (did you mean {close[0]!r}?)" if close else "")
