"""The settings that differ between runs, and their values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import yaml

from pipeline.base.paths import CONF
from pipeline.base.values import NO_VALUE, format_value
from pipeline.config.affects import effect_of, input_sections
from pipeline.store.read.run import Run

MAX_LENGTH = 23  # characters of a value where there is little room


def differing(runs: Sequence[Run]) -> list[str]:
    """The settings that differ between the runs, chosen groups first.

    A setting that follows from its group's chosen file (the text of the sentences, say) is not
    named beside the group: it differs only if it does so among runs with the same choice.
    """
    groups = [g for g in input_sections() if len({run.choices.get(g) for run in runs}) > 1]
    names = dict.fromkeys(
        name for run in runs for name in run.settings if effect_of(name).what != "label"
    )
    return [*groups, *(name for name in names if differs(runs, name, groups))]


def differs(runs: Sequence[Run], name: str, groups: Sequence[str]) -> bool:
    """Whether a setting differs: among all runs, or among those of one choice that gives it."""
    group = name.partition(".")[0]
    if group not in groups or not follows(runs, name):
        first = setting_value(runs[0], name)
        return any(setting_value(run, name) != first for run in runs)
    by_choice: dict[Any, set[Any]] = {}
    for run in runs:
        by_choice.setdefault(run.choices.get(group), set()).add(setting_value(run, name))
    return any(len(values) > 1 for values in by_choice.values())


def follows(runs: Sequence[Run], name: str) -> bool:
    """Whether the file of any option that the runs chose for its group gives a setting.

    An option whose file is gone may have given any.
    """
    group, _, rest = name.partition(".")
    options = {str(run.choices.get(group)) for run in runs}
    files = [settings_in_file(group, option) for option in options]
    return any(names is None or rest.partition(".")[0] in names for names in files)


@cache
def settings_in_file(group: str, option: str) -> frozenset[str] | None:
    """The settings that a file of conf/ gives; None where there is no such file."""
    path = CONF / group / f"{option}.yaml"
    if not path.is_file():
        return None
    return frozenset(yaml.safe_load(path.read_text(encoding="utf-8")) or {})


def setting_value(run: Run, name: str) -> Any:
    """A setting's value in a run; none where the run has no such setting."""
    return run.settings.get(name, NO_VALUE)


def value_of(run: Run, setting: str) -> Any:
    """The option of a group, or the value of a setting."""
    return run.choices[setting] if setting in run.choices else setting_value(run, setting)


def value_pattern(values: Iterable[Any]) -> tuple[int, ...]:
    """Each value as the number of distinct values before its first appearance.

    Settings that always change together have the same pattern.

    >>> value_pattern(["a", "b", "a"]), value_pattern([1, "none", 1.0])
    ((0, 1, 0), (0, 1, 0))
    """
    seen: dict[str, int] = {}
    return tuple(seen.setdefault(format_value(value), len(seen)) for value in values)


def brief(value: Any) -> str:
    """A value where there is little room: on one line, and cut where it is long.

    >>> brief(2.0), brief("Os pinguins não tem joelho e os gatos tem")
    ('2', 'Os pinguins não tem jo…')
    """
    text = " ".join(format_value(value).split())
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"
