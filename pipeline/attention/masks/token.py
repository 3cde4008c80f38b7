"""Masks by token: what a query may attend to depends on which words stand at both positions."""

from __future__ import annotations

from pipeline.attention.masks.content import Content
from pipeline.attention.masks.mask import Mask
from pipeline.attention.masks.predicates import Booleans, Positions
from pipeline.base.errors import UserError, shorten

SETTING = "attention.mask.same_token"


def same_token(include_self: bool = True) -> Mask:
    """Key j takes part for query i where both are the same token, as the tokenizer wrote them.

    What a duplicate-token head attends to: Wang et al. 2022, "Interpretability in the Wild", §3.2
    (there with the causal mask, [causal, same_token]). With `include_self` false the key at the
    query's own position is left out, so that a token that occurs once attends to nothing.
    Reads `attend(tokens=…)`, which a run hands over.

    >>> import numpy as np
    >>> ids = np.array([4, 7, 4])  # "the cat the"
    >>> content = Content(np.ones((3, 1)), np.ones((3, 1)), ids, ids)
    >>> same_token().bind(content).full(3, 3).astype(int).tolist()
    [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    """
    if not isinstance(include_self, bool):
        raise UserError(
            f"{SETTING}.include_self: got {shorten(include_self)}, expected true or false"
        )

    def from_content(content: Content) -> Mask:
        query_ids, key_ids = content.token_ids(SETTING)

        def predicate(queries: Positions, keys: Positions) -> Booleans:
            same = query_ids[queries] == key_ids[keys]
            return same if include_self else same & (queries != keys)

        return Mask(predicate=predicate)

    return Mask(from_content=from_content)
