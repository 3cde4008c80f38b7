"""Names of scalars: of one sentence in one layer, and of a run, and what a run averages over."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.metrics.registry import SET_METRICS


def layers_averaged(name: str, count: int) -> range:
    """Which of `count` layers a run's scalar is the mean over.

    All, except that the embeddings before attention are those of the first layer, and those after
    it, like a rollout, which is of all layers up to its own, are those of the last.

    >>> layers_averaged("entropy", 4), layers_averaged("pairwise_cosine_contextual", 4)
    (range(0, 4), range(3, 4))
    """
    if name.endswith("_static"):
        return range(1)
    if name.endswith("_contextual") or name.startswith("rollout_"):
        return range(count - 1, count)
    return range(count)


def uniform_name(name: str) -> str:
    """The name of a metric's value under uniform attention with the same mask.

    >>> uniform_name("entropy")
    'entropy_uniform'
    """
    return f"{name}_uniform"


def is_uniform_name(name: str) -> bool:
    """Whether `name` is that of a value under uniform attention.

    >>> is_uniform_name("entropy_uniform"), is_uniform_name("entropy")
    (True, False)
    """
    return name.endswith("_uniform")


def has_uniform(name: str) -> bool:
    """Whether a scalar depends on the weights; all do except those of static embeddings.

    >>> has_uniform("entropy"), has_uniform("pairwise_cosine_static")
    (True, False)
    """
    return not name.endswith("_static")


def scalar_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names of the scalars that the named metrics give, for one sentence and for a run.

    >>> scalar_names(["entropy", "pairwise_cosine"])
    ('entropy', 'pairwise_cosine_static', 'pairwise_cosine_contextual')
    """
    names = tuple(names)
    means = (name for name in names if name not in SET_METRICS)
    of_sets = (name for name in names if name in SET_METRICS)
    return (*means, *(f"{name}_{when}" for name in of_sets for when in ("static", "contextual")))


def run_scalar_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names of a run's scalars: those of the named metrics, then their uniform values.

    >>> run_scalar_names(["entropy"])
    ('entropy', 'entropy_uniform')
    """
    scalars = scalar_names(names)
    return (*scalars, *(uniform_name(name) for name in scalars if has_uniform(name)))
