"""Settings that have a new name: an old name is refused with the new one, an old run is read."""

from __future__ import annotations

RENAMED: dict[str, str] = {  # old dotted name → new one
    "attention.keep": "attention.retain",
    "attention.keep_k": "attention.retain_k",
    "sweep.keep": "sweep.store",
}


def renamed_hint(setting: str) -> str:
    """What to write in place of an old name; empty if the name was never used.

    >>> renamed_hint("attention.keep")
    'attention.keep: is now called attention.retain'
    """
    return f"{setting}: is now called {RENAMED[setting]}" if setting in RENAMED else ""
