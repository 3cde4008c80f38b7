"""What a comparison is asked to do: the runs, the baseline and the options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.store.read.run import Run


@dataclass(frozen=True, eq=False)
class Comparison:
    """A request for a comparison."""

    runs: Sequence[Run]
    baseline: int  # the index of the run that the others are compared with
    is_baseline_named: bool = False  # by the user
    is_relative: bool = False  # changes as a share of the baseline's metric
    by: Sequence[str] | None = None  # columns that tell groups apart; None without groups
    causes_of: Sequence[str] = ()  # metrics whose change is attributed to settings
    together: str | None = None  # settings that are changed as one
    grid: str | None = None
    curve: str | None = None

    @property
    def is_pair(self) -> bool:
        """Whether there are two runs, of which one can be subtracted from the other."""
        return len(self.runs) == 2

    @property
    def pair(self) -> tuple[Run, Run]:
        """The baseline and the other run."""
        return self.runs[self.baseline], self.runs[1 - self.baseline]
