"""Metrics of rows of weights written by hand."""

from __future__ import annotations

import numpy as np

from pipeline.base.records import Array, Embeddings, Mask, Metrics
from pipeline.metrics import METRICS, measure
from tests.make import attended


def measured(rows: Array, *names: str, allowed: Mask | None = None) -> Metrics:
    """Metrics of rows [N, M] or heads [H, N, M] over one-hot values: key k's is unit vector k.

    The tokens are two words in turn.
    """
    weights = rows if rows.ndim == 3 else rows[None]
    heads, queries, keys = weights.shape
    mask = None if allowed is None else np.broadcast_to(allowed, weights.shape)
    result = attended(weights, mask)
    one_hot = np.broadcast_to(np.eye(keys), (heads, keys, keys))
    token_ids = np.arange(keys) % 2
    embeddings = Embeddings(one_hot, result.output, np.ones((heads, keys)))
    return measure(result, embeddings, names or METRICS, (token_ids[:queries], token_ids))
