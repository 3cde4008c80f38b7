"""The settings that differ between runs, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import yaml

from pipeline.base.paths import CONF
from pipeline.base.values import NO_VALUE, format_value
from pipeline.config.affects import effect_of, input_sections
from pipeline.store.read.run import Run

LONGEST = 23  # characters of a brief value


def differing(runs: Sequence[Run]) -> list[str]:
    """The settings that differ between the runs, chosen groups first.

    A setting that follows from its group's chosen file (the text of the sentences, say) is not
    named beside it: it differs only if it does so within one choice.
    """
    groups = [g for g in input_sections() if len({run.choices.get(g) for run in runs}) > 1]
    names = dict.fromkeys(
        name for run in runs for name in run.settings if effect_of(name).what != "label"
    )
    return [*groups, *(name for name in names if differs(runs, name, groups))]


def differs(runs: Sequence[Run], name: str, groups: Sequence[str]) -> bool:
    """Whether a setting differs: among all, or within one choice where it follows from that."""
    group = name.partition(".")[0]
    if group not in groups or not follows(runs, name):
        first = runs[0].settings.get(name)
        return any(run.settings.get(name) != first for run in runs)
    by_choice: dict[Any, set[Any]] = {}
    for run in runs:
        by_choice.setdefault(run.choices.get(group), set()).add(run.settings.get(name))
    return any(len(values) > 1 for values in by_choice.values())


def follows(runs: Sequence[Run], name: str) -> bool:
    """Whether a setting stands in the file of any option that the runs chose for its group.

    Of an option whose file is no longer there, everything follows.
    """
    group, _, rest = name.partition(".")
    return any(
        told is None or rest.partition(".")[0] in told
        for told in (settings_in_file(group, str(option)) for option in
                     {run.choices.get(group) for run in runs})
    )  # fmt: skip


@cache
def settings_in_file(group: str, option: str) -> frozenset[str] | None:
    """The settings that a file of conf/ gives; None where there is no such file."""
    path = CONF / group / f"{option}.yaml"
    if not path.is_file():
        return None
    return frozenset(yaml.safe_load(path.read_text(encoding="utf-8")) or {})


def value_of(run: Run, setting: str) -> Any:
    """What a setting is in a run: the option of a group, or a value; none where it has none."""
    return run.choices[setting] if setting in run.choices else run.settings.get(setting, NO_VALUE)


def brief(value: Any) -> str:
    """A setting's value where there is little room: a number as it was given, a long text cut.

    >>> brief(2.0), brief("Os pinguins não tem joelho e os gatos tem")
    ('2', 'Os pinguins não tem jo…')
    """
    text = " ".join(format_value(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
