"""The seed experiment's numbers, as published; nothing here is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.base.records import Array


@dataclass(frozen=True, eq=False)
class Golden:
    """The seed's sentence, its vectors, the 25 weights as printed and the 2 × 5 points."""

    tokens: tuple[str, ...]
    vectors: Array  # [5, 4]
    printed: tuple[tuple[str, ...], ...]  # [5, 5] to the last digit
    static: Array  # [5, 2] to three digits, signs free
    contextual: Array  # [5, 2]

    @property
    def weights(self) -> Array:
        """[5, 5] the printed weights as numbers."""
        return np.array(self.printed, dtype=float)


GOLDEN = Golden(
    ("Os", "pinguins", "não", "tem", "joelho"),
    np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 1.0, 1.0, 0], [0, 1.0, 0, 1.0]]),
    (
        ("0.29187513", "0.17703122", "0.17703122", "0.17703122", "0.17703122"),
        ("0.14396436", "0.2373571", "0.14396436", "0.2373571", "0.2373571"),
        ("0.15879462", "0.15879462", "0.26180807", "0.26180807", "0.15879462"),
        ("0.11541419", "0.19028583", "0.19028583", "0.3137283", "0.19028583"),
        ("0.12475479", "0.20568587", "0.12475479", "0.20568587", "0.33911868"),
    ),
    np.array([[-0.767, -0.772], [0.391, -0.122], [-0.608, 0.552], [0.135, 0.696], [0.850, -0.355]]),
    np.array([[-0.088, -0.089], [0.128, 0.020], [-0.049, 0.129], [0.074, 0.144], [0.225, -0.030]]),
)
