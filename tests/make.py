"""Records made by hand, for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.attention import attend
from pipeline.base.records import Array, Attended, Embedded, LayerResult, Projected, Sentence
from pipeline.embed import embed
from pipeline.metrics import METRICS, measure
from pipeline.model import embeddings_after, project
from tests.golden import GOLDEN


def attended(rows: npt.ArrayLike, allowed: npt.ArrayLike | None = None) -> Attended:
    """Rows of weights [..., N, M] as attention would hand them on, over values that are one-hot."""
    weights = np.asarray(rows, dtype=float)
    mask = np.ones(weights.shape, bool) if allowed is None else np.asarray(allowed, dtype=bool)
    return Attended(weights, weights.copy(), mask)


def outcome_of_rows(
    tokens: Sequence[str], rows: npt.ArrayLike, allowed: npt.ArrayLike | None = None
) -> LayerResult:
    """An outcome with those weights [H, N, N] or [N, N]; each token is an axis of its own."""
    looked = attended(np.atleast_3d(np.asarray(rows, dtype=float).T).T, allowed)
    one_hot = np.eye(len(tokens))
    same = np.broadcast_to(one_hot, looked.weights.shape)
    projected = Projected(same, same, same)
    embedded = Embedded(Sentence("by hand", tuple(tokens)), one_hot)
    moved = embeddings_after(embedded.vectors, projected, looked.output)
    return LayerResult(embedded, projected, looked, moved, measure(looked, moved, METRICS))


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
    """The stages in a row: Gaussian vectors, eight entries a head, random projections.

    With `keys` it is cross-attention, from `tokens` to those.
    """
    sentence, keyed = Sentence("sample", tuple(tokens)), None
    if vectors is None:
        passages = [sentence, Sentence("keys", tuple(keys))] if keys else [sentence]
        embedded, *others = embed(passages, "gaussian", width=8 * heads)
        keyed = others[0] if others else None
        sources = None if keyed is None else keyed.vectors
        projected = project(embedded.vectors, "random", keys=sources, heads=heads, **projection)
    else:
        embedded, projected = Embedded(sentence, vectors), project(vectors, "identity")
    looked = attend(
        projected.query, projected.key, projected.value, mask=mask, normalizer=normalizer
    )
    moved = embeddings_after(embedded.vectors, projected, looked.output, is_cross=keyed is not None)
    return LayerResult(embedded, projected, looked, moved, measure(looked, moved, METRICS), keyed)


def golden_outcome() -> LayerResult:
    """The seed experiment's."""
    return outcome_of(GOLDEN.tokens, vectors=GOLDEN.vectors)
