"""How large weights and embeddings may be for the metrics to be computed."""

from __future__ import annotations

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.records import Array


def check_measurable(array: Array, what: str) -> None:
    """A `UserError` where the sum of fourth powers, the highest any metric takes, would overflow.

    >>> check_measurable(np.array([0.25, 1e60]), "weights")
    """
    most = np.finfo(array.dtype).max ** 0.25 / max(array.shape[-1:] or (1,))
    if not (-most <= array.min() and array.max() <= most):  # also true of NaN
        raise UserError(
            f"attention.normalizer: {what} beyond ±{most:.1g}, too large for the metrics; expected "
            "a smaller attention.scale, fewer layers.count or a normalizer whose rows sum to 1"
        )
