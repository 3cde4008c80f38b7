"""The normalizers under test: every entry as it comes, and some with settings."""

from __future__ import annotations

import numpy as np

from pipeline.attention import NORMALIZERS

SETTINGS: dict[str, tuple[str, dict[str, float]]] = {
    "sink, low": ("sink", {"logit": -3.0}),
    "sink, high": ("sink", {"logit": 40.0}),
    "entmax 1.0001": ("entmax", {"alpha": 1.0001}),
    "entmax 1.25": ("entmax", {"alpha": 1.25}),
    "entmax 2": ("entmax", {"alpha": 2.0}),
    "entmax 3": ("entmax", {"alpha": 3.0}),
    "entmax 50": ("entmax", {"alpha": 50.0}),
    "sigmoid, no bias": ("sigmoid", {"bias": 0.0}),
    "top 1": ("top_k", {"k": 1}),
    "top 3": ("top_k", {"k": 3}),
    "top 100": ("top_k", {"k": 100}),
}
MADE = {name: make() for name, make in NORMALIZERS.items()}
MADE |= {name: NORMALIZERS[kind](**settings) for name, (kind, settings) in SETTINGS.items()}


def received(normalizer, logits):
    """A copy of what `apply` would get for these logits: kernels get products, 0 masked."""
    if normalizer.features is None:
        return logits.copy()
    return np.exp(np.clip(logits, -80, 80), where=logits > -np.inf, out=np.zeros_like(logits))


def apply(normalizer, logits):
    """The weights for these logits, which stay as they are; any floating-point flag raises."""
    given = received(normalizer, logits)
    with np.errstate(all="raise"):
        return normalizer.apply(given, None)


def random_logits(shape=(2, 3, 4, 17), spread=1.0, seed=0):
    """N(0, spread²) logits."""
    return spread * np.random.default_rng(seed).standard_normal(shape)
