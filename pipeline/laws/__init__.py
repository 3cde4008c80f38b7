"""Laws: what must hold for the runs of an experiment, and whether it does."""

from pipeline.laws.judge import Verdict, judge
from pipeline.laws.relations import RELATIONS

__all__ = [
    "RELATIONS",
    "Verdict",
    "judge",
]
