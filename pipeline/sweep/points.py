"""The points of a plan: every run, made when it is asked for from its place in the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from pipeline.perform import Job
from pipeline.store import plain
from pipeline.sweep.axes import Axis
from pipeline.sweep.base import Base, Chosen, setting
from pipeline.sweep.twins import ALONE

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
    base: Base  # what Hydra made of its choice of groups
    chosen: Chosen  # what is set on that
    named: str | None = None  # the folder it had when its sweep was begun

    @cached_property
    def job(self) -> Job:
        """What is to be run, past the gate."""
        return Job(
            self.base.config(self.chosen), self.base.composed.choices, self.commands, self.key
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Its whole configuration as plain values, from before the gate."""
        return self.base.settings(self.chosen)

    @property
    def commands(self) -> tuple[str, ...]:
        """The overrides that make this very config."""
        return (*self.base.composed.overrides, *written(self.chosen))

    @cached_property
    def folder(self) -> str:
        """The run's folder: what varies, legibly, and the head of the hash."""
        return self.named or f"{plain(self.label, limit=64)}-{self.key[:10]}"


@dataclass(frozen=True, eq=False)
class Grid:
    """The product of the axes, the last one fastest, without the places that are left out."""

    axes: tuple[Axis, ...]
    kept: Sequence[int] | npt.NDArray[np.int64]  # places in the product

    def digits(self, index: int) -> tuple[int, ...]:
        """Which value of each axis the point at a place in the plan has."""
        place = int(self.kept[index])
        found = []
        for axis in reversed(self.axes):
            place, digit = divmod(place, len(axis.values))
            found.append(digit)
        return tuple(reversed(found))

    def chosen(self, digits: Sequence[int]) -> dict[str, str]:
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
        base_of: Callable[[Chosen], tuple[Base, Chosen]],
        keys: bytes,
        same: npt.NDArray[np.int32],
        names: Sequence[str] | None = None,
    ) -> None:
        self.grid, self.base_of, self.keys, self.same = grid, base_of, keys, same
        self.names = names  # of the folders, where a sweep is taken up that had others
        self.told: dict[tuple[int, int, int], tuple[Any, ...]] = {}

    def __len__(self) -> int:
        return len(self.grid.kept)

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
        digits = self.grid.digits(place)
        combination = self.grid.chosen(digits)
        base, chosen = self.base_of(combination)
        varied = self.varied(base, chosen, digits)
        return Point(
            index=place,
            key=self.keys[place * DIGEST : (place + 1) * DIGEST].hex(),
            varied=varied,
            label=label(self.grid.axes, varied, base),
            overrides=written(combination),
            same_as=None if self.same[place] == ALONE else int(self.same[place]),
            base=base,
            chosen=chosen,
            named=self.names[place] if self.names else None,
        )

    def __iter__(self) -> Iterator[Point]:
        return (self[place] for place in range(len(self)))

    def renamed(self, names: Sequence[str]) -> Points:
        """The same points in folders of other names."""
        return Points(self.grid, self.base_of, self.keys, self.same, names)

    def varied(self, base: Base, chosen: Chosen, digits: Sequence[int]) -> dict[str, Any]:
        """What each setting of the axes is; a value is what it is whatever the others are."""
        found: dict[str, Any] = {}
        config = None
        for place, (axis, digit) in enumerate(zip(self.grid.axes, digits, strict=True)):
            told = self.told.get((id(base), place, digit))
            if told is None:
                config = config or base.config(chosen)
                told = tuple(setting(n, config, base.composed.choices) for n in axis.settings)
                if base.apart:
                    self.told[id(base), place, digit] = told
            found.update(zip(axis.settings, told, strict=True))
        return found


def written(chosen: Chosen) -> tuple[str, ...]:
    """A combination as Hydra writes it."""
    return tuple(f"{key}={text}" for key, text in chosen.items())


def label(axes: Sequence[Axis], varied: Mapping[str, Any], base: Base) -> str:
    """The first setting of each axis with its value, or the name where nothing varies."""
    leading = [axis.settings[0] for axis in axes]
    if not leading:
        return f"name-{base.config({}).name}"
    return "_".join(f"{name.rpartition('.')[2]}-{varied[name]}" for name in leading)
