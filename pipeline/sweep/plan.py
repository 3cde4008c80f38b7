"""The plan of a sweep: every run it will make, composed, validated and named before the first.

Hydra composes once for each combination of group choices; plain values are then set on a copy.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline.compose import Composed, compose, is_group, kept_on_record, parse
from pipeline.config import Config, Study, validate, validate_study
from pipeline.faults import Fault
from pipeline.perform import Job
from pipeline.run import prepare
from pipeline.store import plain
from pipeline.sweep.axes import Axis, find_axes

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Point:
    """One run of a sweep."""

    job: Job
    varied: Mapping[str, Any]  # setting -> its value in this run
    label: str  # what varies, in a few words

    @cached_property
    def key(self) -> str:
        """The run's hash."""
        return self.job.key

    @cached_property
    def folder(self) -> str:
        """The run's folder: what varies, legibly, and the head of the hash."""
        return f"{plain(self.label, limit=64)}-{self.key[:10]}"


@dataclass(frozen=True, eq=False)
class Plan:
    """A sweep, whole, before it starts."""

    name: str
    study: Study | None
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    overrides: tuple[str, ...]  # the command line's

    @property
    def config(self) -> Config:
        """The first run's config, for what all runs share."""
        return self.points[0].job.config


def make_plan(overrides: Sequence[str]) -> Plan:
    """The sweep that these overrides ask for; a `Fault` lists all that is wrong in any run."""
    parsed = parse(overrides)
    fixed = [o for o, given in zip(overrides, parsed, strict=True) if not given.is_sweep_override()]
    base = compose(fixed)
    composed: Any = OmegaConf.to_container(base.settings)
    study = validate_study(composed.get("study"))
    axes = find_axes(overrides, study.grid if study else {})
    combinations = list(itertools.product(*(axis.values for axis in axes)))
    runs = list(each(composer(fixed), [pairs(axes, values) for values in combinations]))
    configs = list(each(lambda one: validate(one.resolved()), runs))
    list(each(prepared_once(), configs))
    points = tuple(point(one, config, axes) for one, config in zip(runs, configs, strict=True))
    refuse_twins(points)
    name = base.choices.get("experiment", configs[0].name)
    return Plan(name, configs[0].study, axes, points, kept_on_record(overrides))


def each(work: Callable[[Any], T], items: Sequence[Any]) -> Iterator[T]:
    """`work` on every item; the faults of all, each said once with its count, at the end."""
    wrong: Counter[str] = Counter()
    for item in items:
        try:
            yield work(item)
        except Fault as fault:
            wrong.update(fault.lines)
    if wrong:
        total = f" of {len(items)} runs)"
        raise Fault(*(f"{l} (in {n}{total}" if len(items) > 1 else l for l, n in wrong.items()))


def pairs(axes: Sequence[Axis], values: Sequence[Sequence[str]]) -> dict[str, str]:
    """Key → value of one combination."""
    return {
        key: value
        for axis, together in zip(axes, values, strict=True)
        for key, value in zip(axis.keys, together, strict=True)
    }


def composer(fixed: Sequence[str]) -> Callable[[dict[str, str]], Composed]:
    """Composes a combination; Hydra is asked once for each choice of groups among them."""
    bases: dict[tuple[str, ...], Composed] = {}

    def compose_one(chosen: dict[str, str]) -> Composed:
        by_hydra = {key for key in chosen if key[0] in "+~" or is_group(key)}
        asked = (*fixed, *(f"{key}={chosen[key]}" for key in chosen if key in by_hydra))
        if asked not in bases:
            bases[asked] = compose(asked)
        return with_values(
            bases[asked], [f"{key}={chosen[key]}" for key in chosen if key not in by_hydra]
        )

    return compose_one


def with_values(base: Composed, overrides: Sequence[str]) -> Composed:
    """A copy of a composed configuration with plain settings changed, as Hydra would."""
    settings = base.settings.copy()
    for override, given in zip(overrides, parse(overrides), strict=True):
        try:
            OmegaConf.update(settings, given.key_or_group, given.value(), merge=True)
        except OmegaConfBaseException:
            compose([*base.overrides, override])  # raises the fault, explained
            raise
    return Composed(settings, base.choices, (*base.overrides, *overrides))


def point(composed: Composed, config: Config, axes: Sequence[Axis]) -> Point:
    """A combination as a run with its folder's name."""
    settings = config.settings()
    varied = {
        name: setting(name, settings, composed.choices) for axis in axes for name in axis.settings
    }
    leading = [axis.settings[0] for axis in axes] or ["name"]
    told = {**varied, "name": config.name}
    label = "_".join(f"{name.rpartition('.')[2]}-{told[name]}" for name in leading)
    return Point(Job(config, composed.choices, composed.overrides), varied, label)


def setting(name: str, settings: Mapping[str, Any], choices: Mapping[str, str]) -> Any:
    """What a setting is in a run: a group's option, or the value that passed the gate."""
    if name in choices:
        return choices[name]
    value: Any = settings
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    simple = isinstance(value, str | int | float | bool)
    return value if simple else json.dumps(value, ensure_ascii=False)


def prepared_once() -> Callable[[Config], None]:
    """Prepares the input of a run, once for each input, so that none fails for want of a word."""
    seen: dict[str, Fault | None] = {}

    def check(config: Config) -> None:
        parts = [config.sentences, config.embeddings, config.projection]
        mark = json.dumps([config.seed, *(part.model_dump(mode="json") for part in parts)])
        if mark not in seen:
            try:
                prepare(config)
                seen[mark] = None
            except Fault as fault:
                seen[mark] = fault
        if found := seen[mark]:
            raise found

    return check


def refuse_twins(points: Sequence[Point]) -> None:
    """Two points of one config would be one run sold as two."""
    seen: dict[str, Point] = {}
    lines = []
    for one in points:
        if one.key in seen:
            first, second = (" ".join(p.job.overrides) for p in (seen[one.key], one))
            lines.append(f"the grid holds the same run twice: {first} and {second}")
        seen.setdefault(one.key, one)
    if lines:
        raise Fault(*lines)
