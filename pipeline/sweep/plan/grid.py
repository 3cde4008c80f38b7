"""The points of a plan: every run, made when it is asked for from its place in the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from pipeline.runs.job import Job
from pipeline.store.layout import ascii_slug
from pipeline.sweep.plan.axes import Axis
from pipeline.sweep.plan.composed import Assignment, ComposedGroup, setting
from pipeline.sweep.plan.equivalence import NO_EQUIVALENT

DIGEST = 32  # bytes of a run's hash


@dataclass(frozen=True, eq=False)
class Point:
    """One run of a sweep."""

    index: int  # its place in the plan
    key: str  # the run's hash
    varied: Mapping[str, Any]  # setting -> its value in this run
    label: str  # what varies, in a few words
    overrides: tuple[str, ...]  # what varies, as Hydra writes it
    same_as: int | None  # the place of the first point with the same numbers, if there is one
    group: ComposedGroup  # what Hydra made of its choice of groups
    assignment: Assignment  # what is set on that
    recorded_folder: str | None = None  # the folder it had when its sweep was begun

    @cached_property
    def job(self) -> Job:
        """What is to be run, past the gate."""
        return Job(
            self.group.config(self.assignment), self.group.composed.choices, self.commands, self.key
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Its whole configuration as plain values, from before the gate."""
        return self.group.settings(self.assignment)

    @property
    def commands(self) -> tuple[str, ...]:
        """The overrides that make this very config."""
        return (*self.group.composed.overrides, *to_overrides(self.assignment))

    @cached_property
    def folder(self) -> str:
        """The run's folder: what varies, legibly, and the head of the hash."""
        return self.recorded_folder or f"{ascii_slug(self.label, limit=64)}-{self.key[:10]}"


@dataclass(frozen=True, eq=False)
class Grid:
    """The product of the axes, the last one fastest, without the places that are left out."""

    axes: tuple[Axis, ...]
    kept_indices: Sequence[int] | npt.NDArray[np.int64]  # places in the product

    def axis_indices(self, index: int) -> tuple[int, ...]:
        """Which value of each axis the point at a place in the plan has."""
        place = int(self.kept_indices[index])
        found = []
        for axis in reversed(self.axes):
            place, digit = divmod(place, len(axis.values))
            found.append(digit)
        return tuple(reversed(found))

    def assignment(self, digits: Sequence[int]) -> dict[str, str]:
        """Key → value of one combination."""
        return {
            key: text
            for axis, digit in zip(self.axes, digits, strict=True)
            for key, text in zip(axis.keys, axis.values[digit], strict=True)
        }


class Points(Sequence[Point]):
    """Every run of a plan: the grid, a hash a run, and what the runs share."""

    def __init__(
        self,
        grid: Grid,
        base_of: Callable[[Assignment], tuple[ComposedGroup, Assignment]],
        keys: bytes,
        same: npt.NDArray[np.int32],
        names: Sequence[str] | None = None,
    ) -> None:
        self.grid, self.base_of, self.keys, self.equivalent = grid, base_of, keys, same
        self.names = names  # of the folders, where a sweep is taken up that had others
        self.varied_cache: dict[tuple[int, int, int], tuple[Any, ...]] = {}

    def __len__(self) -> int:
        return len(self.grid.kept_indices)

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[
            index
        ]  # counts from the end below 0, and refuses what is not there
        digits = self.grid.axis_indices(place)
        combination = self.grid.assignment(digits)
        base, chosen = self.base_of(combination)
        varied = self.varied(base, chosen, digits)
        return Point(
            index=place,
            key=self.keys[place * DIGEST : (place + 1) * DIGEST].hex(),
            varied=varied,
            label=point_label(self.grid.axes, varied, base),
            overrides=to_overrides(combination),
            same_as=None
            if self.equivalent[place] == NO_EQUIVALENT
            else int(self.equivalent[place]),
            group=base,
            assignment=chosen,
            recorded_folder=self.names[place] if self.names else None,
        )

    def __iter__(self) -> Iterator[Point]:
        return (self[place] for place in range(len(self)))

    def renamed(self, names: Sequence[str]) -> Points:
        """The same points in folders of other names."""
        return Points(self.grid, self.base_of, self.keys, self.equivalent, names)

    def varied(
        self, base: ComposedGroup, chosen: Assignment, digits: Sequence[int]
    ) -> dict[str, Any]:
        """What each setting of the axes is; a value is what it is whatever the others are."""
        found: dict[str, Any] = {}
        config = None
        for place, (axis, digit) in enumerate(zip(self.grid.axes, digits, strict=True)):
            told = self.varied_cache.get((id(base), place, digit))
            if told is None:
                config = config or base.config(chosen)
                told = tuple(setting(n, config, base.composed.choices) for n in axis.settings)
                if base.independent:
                    self.varied_cache[id(base), place, digit] = told
            found.update(zip(axis.settings, told, strict=True))
        return found


def to_overrides(chosen: Assignment) -> tuple[str, ...]:
    """A combination as Hydra writes it."""
    return tuple(f"{key}={text}" for key, text in chosen.items())


def point_label(axes: Sequence[Axis], varied: Mapping[str, Any], base: ComposedGroup) -> str:
    """The first setting of each axis with its value, or the name where nothing varies."""
    leading = [axis.settings[0] for axis in axes]
    if not leading:
        return f"name-{base.config({}).name}"
    return "_".join(f"{name.rpartition('.')[2]}-{varied[name]}" for name in leading)
