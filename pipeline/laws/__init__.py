"""Laws: what an experiment says must hold of its runs, and whether it did."""

from pipeline.laws.judge import Verdict, judge
from pipeline.laws.relations import RELATIONS

__all__ = [
    "RELATIONS",
    "Verdict",
    "judge",
]
