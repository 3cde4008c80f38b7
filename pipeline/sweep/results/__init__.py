"""Finished runs → tables, curves and verdicts."""
