"""Layers: which of them a scalar of a whole run speaks of."""

from __future__ import annotations


def layers_of(name: str, count: int) -> range:
    """The layers, out of `count`, over which the scalar called `name` is a mean.

    All of them, but for the embeddings of a set before and after, which are those that go into
    the first layer and those that come out of the last, and for a rollout, which is of all layers
    where it is the last one's.

    >>> layers_of("entropy", 4), layers_of("pairwise_cosine_contextual", 4)
    (range(0, 4), range(3, 4))
    """
    if name.endswith("_static"):
        return range(1)
    if name.endswith("_contextual") or name.startswith("rollout_"):
        return range(count - 1, count)
    return range(count)
