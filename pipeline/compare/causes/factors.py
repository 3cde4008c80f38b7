"""The settings in which two runs differ, as factors; and configs that mix the two runs."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.base.errors import UserError
from pipeline.compare.settings import brief, differing, follows, value_of
from pipeline.config.affects import changes_numbers, is_user_key
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
        matches = [name for name in names if name == asked or name.endswith(f".{asked}")]
        if len(matches) != 1:
            known = ", ".join(names) or "none"
            raise UserError(f"--together: got {asked!r}, expected settings that differ: {known}")
        bound[matches[0]] = asked
    single = [Factor((name,)) for name in names if name not in bound]
    return (*([Factor(tuple(bound))] if bound else []), *single)


def mix_settings(
    runs: tuple[Run, Run],
    settings: tuple[Mapping[str, Any], Mapping[str, Any]],
    changed: Collection[Factor],
) -> dict[str, Any]:
    """The first run's settings with the named factors as they are in the second."""
    mixed: dict[str, Any] = copy.deepcopy(dict(settings[0]))
    for factor in changed:
        for name in factor.names:
            for path in paths_of(name, runs, settings):
                copy_value(mixed, settings[1], path)
    return mixed


def paths_of(
    name: str, runs: Sequence[Run], settings: Sequence[Mapping[str, Any]]
) -> list[tuple[str, ...]]:
    """The keys that lead to a factor: one setting, or all that a group's file gives."""
    if not all(name in run.choices for run in runs):
        return [tuple(name.split("."))]
    inside = dict.fromkeys(key for one in settings for key in one.get(name, {}))
    return [(name, key) for key in inside if follows(runs, f"{name}.{key}")]


def copy_value(target: dict[str, Any], source: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """Copies one setting from `source`; one that is not there is removed."""
    *above, last = path
    for part in above:
        target, source = target[part], source[part]
    if last in source:
        target[last] = copy.deepcopy(source[last])
    else:
        target.pop(last, None)


def format_factor(run: Run, factor: Factor) -> str:
    """A factor's value in a run, in a few words."""
    return " + ".join(brief(factor_value(run, name)) for name in factor.names)


def factor_value(run: Run, name: str) -> Any:
    """The option of a group, or a setting's value; that of a table is its entries."""
    entries = {
        key.removeprefix(f"{name}."): value
        for key, value in run.settings.items()
        if key.startswith(f"{name}.") and is_user_key(key)
    }
    return entries if entries and name not in run.choices else value_of(run, name)
