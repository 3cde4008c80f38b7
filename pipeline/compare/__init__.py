"""Runs → one table, the difference of two, its causes, and one page."""

from pipeline.compare.frames import load_metrics, load_runs, load_weights

__all__ = [
    "load_metrics",
    "load_runs",
    "load_weights",
]
