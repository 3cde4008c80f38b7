"""Attention Lab: softmax(QKᵀ/√d_k)V in NumPy, driven by YAML, measured, drawn and compared.

>>> from pipeline import attend
>>> attend([[1.0, 0.0]], [[1.0, 0.0]], [[2.0, 3.0]]).output.tolist()
[[2.0, 3.0]]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.attention import attend, attend_gradients

if TYPE_CHECKING:
    from pipeline.compare import load_metrics, load_runs, load_weights

OF_COMPARE = ("load_metrics", "load_runs", "load_weights")

__all__ = ["attend", "attend_gradients", "load_metrics", "load_runs", "load_weights"]


def __getattr__(name: str) -> Any:
    if name in OF_COMPARE:  # pandas is imported by those who compare, not by every command
        from pipeline import compare

        return getattr(compare, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
