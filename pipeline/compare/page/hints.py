"""Hints: the command that separates the effects of several settings between two runs.

The page itself cannot: with two runs, all settings that differ change together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.compare.causes.factors import Factor, factors
from pipeline.compare.page.findings import Finding
from pipeline.store.read.run import Run


def causes_hint(runs: Sequence[Run], command: str) -> Iterator[Finding]:
    """One sentence, where two runs differ in several settings."""
    if not command or len(runs) != 2:
        return
    if runs[0].source_folder == runs[1].source_folder:  # they are equivalent
        return
    found = factors(runs[0], runs[1])
    if len(found) > 1:
        text = (
            f"The two runs differ in {len(found)} settings ({list_names(found)}); how much of each "
        )
        text += "change is due to which of them is worked out by"
        yield Finding("causes", text, command)


def list_names(found: Sequence[Factor], most: int = 5) -> str:
    """The settings, the last part of each name.

    >>> list_names([Factor(("attention.scale",)), Factor(("seed",))])
    'scale, seed'
    """
    names = [factor.label.rpartition(".")[2] for factor in found]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
