"""Scalars of a whole run: which layers each speaks of, and what its null is called."""

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


def null_of(name: str) -> str:
    """What the null of a scalar is called: its value were all weights even under the same mask.

    >>> null_of("entropy")
    'entropy_null'
    """
    return f"{name}_null"


def is_null(name: str) -> bool:
    """Whether that is what a null is called.

    >>> is_null("entropy_null"), is_null("entropy")
    (True, False)
    """
    return name.endswith("_null")


def has_null(name: str) -> bool:
    """Whether weights can change it: what the embeddings are before attention they cannot.

    >>> has_null("entropy"), has_null("pairwise_cosine_static")
    (True, False)
    """
    return not name.endswith("_static")
