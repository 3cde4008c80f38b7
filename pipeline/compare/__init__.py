"""Compare: runs → one table, the difference of two and its causes."""

from pipeline.compare.frames import load_metrics, load_runs, load_weights

__all__ = [
    "load_metrics",
    "load_runs",
    "load_weights",
]
