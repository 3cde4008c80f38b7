"""The points of a plan: every run, made when it is asked for from its index in the grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from pipeline.runs.job import Job
from pipeline.store.layout import ascii_slug
from pipeline.sweep.plan.axes import Axis
from pipeline.sweep.plan.composed import Assignment, ComposedGroup, GroupOf, setting
from pipeline.sweep.plan.equivalence import NO_EQUIVALENT

DIGEST = 32  # bytes of a run's hash


@dataclass(frozen=True, eq=False)
class Point:
    """One run of a sweep."""

    index: int  # in the plan
    key: str  # the run's hash
    varied: Mapping[str, Any]  # setting → its value in this run
    label: str  # what varies, in a few words
    overrides: tuple[str, ...]  # what varies, as Hydra writes it
    same_as: int | None  # the index of the first point with the same numbers, if there is one
    group: ComposedGroup  # what Hydra made of its choice of groups
    assignment: Assignment  # the plain values that are set on it
    recorded_folder: str | None = None  # its folder's name, where an older plan has another

    @cached_property
    def job(self) -> Job:
        """The run, validated."""
        return Job(
            self.group.config(self.assignment),
            self.group.composed.choices,
            self.all_overrides,
            self.key,
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Its whole configuration as plain values, not validated."""
        return self.group.settings(self.assignment)

    @property
    def all_overrides(self) -> tuple[str, ...]:
        """The overrides that make this very config."""
        return (*self.group.composed.overrides, *to_overrides(self.assignment))

    @cached_property
    def folder(self) -> str:
        """The name of the run's folder: what varies, and the first digits of the key."""
        return self.recorded_folder or f"{ascii_slug(self.label, limit=64)}-{self.key[:10]}"


@dataclass(frozen=True, eq=False)
class Grid:
    """The product of the axes, the last one fastest, without the points that are left out."""

    axes: tuple[Axis, ...]
    kept_indices: Sequence[int] | npt.NDArray[np.int64]  # into the product

    def axis_indices(self, index: int) -> tuple[int, ...]:
        """Which value of each axis the point at an index of the plan has."""
        left = int(self.kept_indices[index])
        indices = []
        for axis in reversed(self.axes):
            left, axis_index = divmod(left, len(axis.values))
            indices.append(axis_index)
        return tuple(reversed(indices))

    def assignment(self, axis_indices: Sequence[int]) -> dict[str, str]:
        """Key → value of one combination."""
        return {
            key: text
            for axis, index in zip(self.axes, axis_indices, strict=True)
            for key, text in zip(axis.keys, axis.values[index], strict=True)
        }


class PlanPoints(Sequence[Point]):
    """Every run of a plan: the grid, one hash per run, and what the runs share."""

    def __init__(
        self,
        grid: Grid,
        group_of: GroupOf,
        keys: bytes,
        equivalent: npt.NDArray[np.int32],
        folders: Sequence[str] | None = None,
    ) -> None:
        self.grid, self.group_of, self.keys, self.equivalent = grid, group_of, keys, equivalent
        self.folders = folders  # their names, where the plan of a resumed sweep has others
        self.varied_cache: dict[tuple[int, int, int], tuple[Any, ...]] = {}

    def __len__(self) -> int:
        return len(self.grid.kept_indices)

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]  # counts from the end below 0; raises IndexError
        axis_indices = self.grid.axis_indices(index)
        combination = self.grid.assignment(axis_indices)
        group, assignment = self.group_of(combination)
        varied = self.varied(group, assignment, axis_indices)
        first = int(self.equivalent[index])
        return Point(
            index=index,
            key=self.keys[index * DIGEST : (index + 1) * DIGEST].hex(),
            varied=varied,
            label=point_label(self.grid.axes, varied, group),
            overrides=to_overrides(combination),
            same_as=None if first == NO_EQUIVALENT else first,
            group=group,
            assignment=assignment,
            recorded_folder=self.folders[index] if self.folders else None,
        )

    def __iter__(self) -> Iterator[Point]:
        return (self[index] for index in range(len(self)))

    def renamed(self, folders: Sequence[str]) -> PlanPoints:
        """The same points in folders of other names."""
        return PlanPoints(self.grid, self.group_of, self.keys, self.equivalent, folders)

    def varied(
        self, group: ComposedGroup, assignment: Assignment, axis_indices: Sequence[int]
    ) -> dict[str, Any]:
        """The value of each setting of the axes; it does not depend on the other axes."""
        varied: dict[str, Any] = {}
        config = None
        for place, (axis, index) in enumerate(zip(self.grid.axes, axis_indices, strict=True)):
            values = self.varied_cache.get((id(group), place, index))
            if values is None:
                config = config or group.config(assignment)
                values = tuple(setting(n, config, group.composed.choices) for n in axis.settings)
                if group.independent:
                    self.varied_cache[id(group), place, index] = values
            varied.update(zip(axis.settings, values, strict=True))
        return varied


def to_overrides(assignment: Assignment) -> tuple[str, ...]:
    """A combination as Hydra writes it."""
    return tuple(f"{key}={text}" for key, text in assignment.items())


def point_label(axes: Sequence[Axis], varied: Mapping[str, Any], group: ComposedGroup) -> str:
    """The first setting of each axis with its value, or the name where nothing varies."""
    leading = [axis.settings[0] for axis in axes]
    if not leading:
        return f"name-{group.config({}).name}"
    return "_".join(f"{name.rpartition('.')[2]}-{varied[name]}" for name in leading)
