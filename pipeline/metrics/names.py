"""Scalars of a whole run: which layers each speaks of, and what its null is called."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.metrics.registry import SET_METRICS


def layers_averaged(name: str, count: int) -> range:
    """The layers, out of `count`, over which the scalar called `name` is a mean.

    All of them, but for the embeddings of a set before and after, which are those that go into
    the first layer and those that come out of the last, and for a rollout, which is of all layers
    where it is the last one's.

    >>> layers_averaged("entropy", 4), layers_averaged("pairwise_cosine_contextual", 4)
    (range(0, 4), range(3, 4))
    """
    if name.endswith("_static"):
        return range(1)
    if name.endswith("_contextual") or name.startswith("rollout_"):
        return range(count - 1, count)
    return range(count)


def uniform_name(name: str) -> str:
    """What the null of a scalar is called: its value were all weights even under the same mask.

    >>> uniform_name("entropy")
    'entropy_uniform'
    """
    return f"{name}_uniform"


def is_uniform_name(name: str) -> bool:
    """Whether that is what a null is called.

    >>> is_uniform_name("entropy_uniform"), is_uniform_name("entropy")
    (True, False)
    """
    return name.endswith("_uniform")


def has_uniform(name: str) -> bool:
    """Whether weights can change it: what the embeddings are before attention they cannot.

    >>> has_uniform("entropy"), has_uniform("pairwise_cosine_static")
    (True, False)
    """
    return not name.endswith("_static")


def scalar_names(names: Sequence[str]) -> tuple[str, ...]:
    """What the named metrics are called as scalars of one sentence, and of a run.

    >>> scalar_names(["entropy", "pairwise_cosine"])
    ('entropy', 'pairwise_cosine_static', 'pairwise_cosine_contextual')
    """
    plain = [name for name in names if name not in SET_METRICS]
    both = [
        f"{name}_{when}"
        for name in names
        if name in SET_METRICS
        for when in ("static", "contextual")
    ]
    return (*plain, *both)


def run_scalar_names(names: Sequence[str]) -> tuple[str, ...]:
    """What the scalars of a run with the named metrics are called, each metric's null at the end.

    >>> run_scalar_names(["entropy"])
    ('entropy', 'entropy_uniform')
    """
    own = scalar_names(names)
    return (*own, *(uniform_name(name) for name in own if has_uniform(name)))
