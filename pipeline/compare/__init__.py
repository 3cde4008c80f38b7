"""Compare: runs → one table, the difference of two, and later its causes and a page."""

from pipeline.compare.table import load_runs

__all__ = ["load_runs"]
