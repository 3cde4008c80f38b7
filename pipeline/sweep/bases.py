"""Every choice of groups in a grid, composed by Hydra once, when the first run needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.compose import Composed, compose, is_group
from pipeline.faults import Fault
from pipeline.sweep.axes import Axis
from pipeline.sweep.base import Base, Chosen

BaseOf = Callable[[Chosen], tuple[Base, Chosen]]


def bases(fixed: Sequence[str], axes: Sequence[Axis], composed: Composed | None = None) -> BaseOf:
    """Takes a combination apart into its base, made by Hydra once, and what is set on that.

    `composed` is what Hydra makes of `fixed` alone, where that is known already.
    """
    keys = [key for axis in axes for key in axis.keys]
    by_hydra = {key for key in keys if key[0] in "+~" or is_group(key)}
    plain = [key for key in keys if key not in by_hydra]
    values = {
        text
        for axis in axes
        for row in axis.values
        for key, text in zip(axis.keys, row, strict=True)
        if key not in by_hydra
    }
    made: dict[tuple[str, ...], Base | Fault] = {}
    if composed:
        made[()] = Base(composed, plain, values)

    def base_of(chosen: Chosen) -> tuple[Base, Chosen]:
        asked = tuple(f"{key}={text}" for key, text in chosen.items() if key in by_hydra)
        if asked not in made:
            try:
                made[asked] = Base(compose((*fixed, *asked)), plain, values)
            except Fault as fault:
                made[asked] = fault
        base = made[asked]
        if isinstance(base, Fault):
            raise base
        return base, {key: chosen[key] for key in plain if key in chosen}

    return base_of
