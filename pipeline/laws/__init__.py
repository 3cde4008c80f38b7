"""Laws: what an experiment says must hold of its runs, and whether it did."""

from pipeline.laws.verdicts import LAWS, Verdict, judge

__all__ = ["LAWS", "Verdict", "judge"]
