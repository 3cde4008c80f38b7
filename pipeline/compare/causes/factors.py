"""What sets two runs apart, as factors that can be changed one by one; and any mix of the two."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.base.errors import UserError
from pipeline.compare.settings import brief, differing, follows, value_of
from pipeline.config.affects import changes_numbers
from pipeline.store.read.run import Run


@dataclass(frozen=True, eq=False)
class Factor:
    """Settings that are changed together."""

    names: tuple[str, ...]  # groups, or settings of one section

    @property
    def label(self) -> str:
        """How it is called in tables and pictures."""
        return " + ".join(self.names)


def factors(before: Run, after: Run, together: str | None = None) -> tuple[Factor, ...]:
    """The settings that differ and can move a metric; those named in `together` are one factor."""
    names = dict.fromkeys(
        ".".join(name.split(".")[:2])
        for name in differing([before, after])
        if changes_numbers(name)
    )
    joined = tuple(name.strip() for name in together.split(",")) if together else ()
    bound: dict[str, str] = {}
    for asked in joined:
        found = [name for name in names if name == asked or name.endswith(f".{asked}")]
        if len(found) != 1:
            told = ", ".join(names) or "none"
            raise UserError(f"--together: got {asked!r}, expected settings that differ: {told}")
        bound[found[0]] = asked
    single = [Factor((name,)) for name in names if name not in bound]
    return (*([Factor(tuple(bound))] if bound else []), *single)


def mix_settings(
    runs: tuple[Run, Run],
    settings: tuple[Mapping[str, Any], Mapping[str, Any]],
    changed: Collection[Factor],
) -> dict[str, Any]:
    """The first run's settings with the named factors as they are in the second."""
    made: dict[str, Any] = copy.deepcopy(dict(settings[0]))
    for factor in changed:
        for name in factor.names:
            for place in places_of(name, runs, settings):
                set_value(made, settings[1], place)
    return made


def places_of(
    name: str, runs: Sequence[Run], settings: Sequence[Mapping[str, Any]]
) -> list[tuple[str, ...]]:
    """Where in the settings a factor's name stands: one place, or all that a group's file gives."""
    if not all(name in run.choices for run in runs):
        return [tuple(name.split("."))]
    inside = dict.fromkeys(key for one in settings for key in one.get(name, {}))
    return [(name, key) for key in inside if follows(runs, f"{name}.{key}")]


def set_value(made: dict[str, Any], source: Mapping[str, Any], place: tuple[str, ...]) -> None:
    """Makes one place of `made` what it is in `source`; where it is not there, takes it away."""
    *above, last = place
    for part in above:
        made, source = made[part], source[part]
    if last in source:
        made[last] = copy.deepcopy(source[last])
    else:
        made.pop(last, None)


def format_factor(run: Run, factor: Factor) -> str:
    """What a factor is in a run, in a few words."""
    return " + ".join(brief(factor_value(run, name)) for name in factor.names)


def factor_value(run: Run, name: str) -> Any:
    """A setting's value; of one with settings of its own, their values too."""
    value = value_of(run, name)
    inside = {key: v for key, v in run.settings.items() if key.startswith(f"{name}.")}
    if value is None and inside and name not in run.choices:
        return " ".join(f"{key[len(name) + 1 :]}={v}" for key, v in inside.items())
    return value
