"""Records for the tests: the stages run on small inputs, or weights written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.attention import attend
from pipeline.base.records import (
    Array,
    Attended,
    Embedded,
    LayerInput,
    LayerResult,
    Projected,
    Sentence,
)
from pipeline.embed import embed
from pipeline.metrics import METRICS, measure
from pipeline.model import embeddings_after, project
from tests.golden import GOLDEN


def attended(weights: npt.ArrayLike, allowed: npt.ArrayLike | None = None) -> Attended:
    """Weights [..., N, M] as attention returns them, with one-hot values: output = weights."""
    array = np.asarray(weights, dtype=float)
    mask = np.ones(array.shape, bool) if allowed is None else np.asarray(allowed, dtype=bool)
    return Attended(array, array.copy(), mask)


def outcome_of_rows(
    tokens: Sequence[str], rows: npt.ArrayLike, allowed: npt.ArrayLike | None = None
) -> LayerResult:
    """A result with the weights `rows`, [H, N, N] or [N, N], over one-hot embeddings."""
    by_head = attended(np.atleast_3d(np.asarray(rows, dtype=float).T).T, allowed)
    one_hot = np.eye(len(tokens))
    per_head = np.broadcast_to(one_hot, by_head.weights.shape)
    projected = Projected(per_head, per_head, per_head)
    embedded = Embedded(Sentence("by hand", tuple(tokens)), one_hot)
    embeddings = embeddings_after(embedded.vectors, projected, by_head.output)
    metrics = measure(by_head, embeddings, METRICS)
    return LayerResult(embedded, projected, by_head, embeddings, metrics)


def outcome_of(
    tokens: Sequence[str],
    *,
    heads: int = 1,
    mask: object = "none",
    vectors: Array | None = None,
    keys: Sequence[str] = (),
    normalizer: object = "softmax",
    **projection: Any,
) -> LayerResult:
    """The result of Gaussian vectors, eight entries per head, under random projections.

    With `vectors`, Q = K = V = those; with `keys`, cross-attention from `tokens` to `keys`.
    """
    sentence, key_embedded = Sentence("sample", tuple(tokens)), None
    if vectors is None:
        sentences = [sentence, Sentence("keys", tuple(keys))] if keys else [sentence]
        embedded, *others = embed(sentences, "gaussian", width=8 * heads)
        key_embedded = others[0] if others else None
        key_vectors = None if key_embedded is None else key_embedded.vectors
        projected = project(embedded.vectors, "random", keys=key_vectors, heads=heads, **projection)
    else:
        embedded, projected = Embedded(sentence, vectors), project(vectors, "identity")
    result = attend(
        projected.query,
        projected.key,
        projected.value,
        mask=mask,
        tokens=LayerInput(embedded, projected, key_embedded).token_ids,
        normalizer=normalizer,
    )
    embeddings = embeddings_after(
        embedded.vectors, projected, result.output, is_cross=key_embedded is not None
    )
    metrics = measure(result, embeddings, METRICS)
    return LayerResult(embedded, projected, result, embeddings, metrics, key_embedded)


def golden_outcome() -> LayerResult:
    """The result of the seed experiment."""
    return outcome_of(GOLDEN.tokens, vectors=GOLDEN.vectors)
