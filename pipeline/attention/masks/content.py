"""Content: what a mask may read besides positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.base.errors import UserError
from pipeline.base.records import Array

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Content:
    """The queries and keys of one call of `attend`, for masks that read them."""

    query: Array  # [..., N, D], as it is scored: after QK-norm and rotation
    key: Array  # [..., M, D], with as many heads as query
    query_tokens: Positions | None  # [N] ids, equal where the tokens are; None where not given
    key_tokens: Positions | None  # [M] ids of the same numbering

    def token_ids(self, what: str) -> tuple[Positions, Positions]:
        """The ids of both, [N] and [M]; a `UserError` that names the mask where there are none."""
        if self.query_tokens is None or self.key_tokens is None:
            raise UserError(
                f"{what}: got no tokens, expected attend(tokens=(ids of the queries, ids of the "
                "keys))"
            )
        return self.query_tokens, self.key_tokens
