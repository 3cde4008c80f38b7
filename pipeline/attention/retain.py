"""Which weights a run retains: all, the largest of every row, or none."""

from __future__ import annotations

RETAIN = ("full", "top_k", "none")
