"""The stages before the weights, and callbacks that receive their arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection

from pipeline.base.records import Array

STAGES = ("scores", "scaled", "capped", "biased", "masked")  # in the order they are computed

StageCallback = Callable[[str, Array], None]  # called with the name of a stage and its array


def no_op(stage: str, array: Array) -> None:
    """Records no stage."""


def recorder(stages: Collection[str], into: dict[str, Array]) -> StageCallback:
    """A callback that copies the named stages into a dict."""

    def on_stage(stage: str, array: Array) -> None:
        if stage in stages:
            into[stage] = array.copy()

    return on_stage if stages else no_op
