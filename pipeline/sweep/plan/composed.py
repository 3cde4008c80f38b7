"""One choice of groups, composed by Hydra once; plain values are then set on plain dicts.

A sweep of 100,000 runs has only a few choices of groups. A run's settings are worked out from the
composed ones in microseconds, each time they are asked for, so that none are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel

from pipeline.base.errors import UserError
from pipeline.base.values import plain_value
from pipeline.config.affects import NOT_OF_A_RUN, sections_with
from pipeline.config.compose import Composed, compose
from pipeline.config.explain import is_group
from pipeline.config.schema.config import Config
from pipeline.config.validate import validate
from pipeline.store.key import canonical_json
from pipeline.sweep.plan.axes import Axis, read_value
from pipeline.sweep.plan.interpolations import are_independent, needs_omegaconf

NOT_IN_RECORD = frozenset(sections_with(*NOT_OF_A_RUN))
Assignment = Mapping[str, str]  # setting → its value as Hydra writes it


class ComposedGroup:
    """The settings that come with one choice of groups, and those of each run that has it."""

    def __init__(self, composed: Composed, keys: Sequence[str], values: Iterable[str]) -> None:
        self.composed = composed
        self.independent = are_independent(composed, keys) and not any(map(needs_omegaconf, values))
        self.resolved = composed.resolved() if self.independent else {}
        self.varied_sections = {key.partition(".")[0] for key in keys}
        self.parsed_values: dict[tuple[str, str], Any] = {}  # lists, and dicts merged with others
        self.constant_sections: dict[str, Any] = {}  # validated; no run of this choice varies them
        self.constant_json: dict[str, str] = {}  # the same as canonical JSON

    def settings(self, assignment: Assignment) -> dict[str, Any]:
        """A run's settings, resolved; what does not vary is shared with the other runs."""
        if not self.independent:
            overrides = [f"{key}={text}" for key, text in assignment.items()]
            return with_values(self.composed, overrides).resolved()
        settings = dict(self.resolved)
        for key, text in assignment.items():
            set_path(settings, key.split("."), self.parse(key, text))
        return settings

    def parse(self, key: str, text: str) -> Any:
        """The value of a key once `text` is set there: a dict is merged, anything else replaced."""
        value = read_value(text)
        if not isinstance(value, dict | list):
            return value
        if (key, text) not in self.parsed_values:
            settings = with_values(self.composed, [f"{key}={text}"]).settings
            self.parsed_values[key, text] = OmegaConf.to_container(
                OmegaConf.select(settings, key), resolve=True
            )
        return self.parsed_values[key, text]

    def config(self, assignment: Assignment) -> Config:
        """A run's validated settings; what does not vary is validated once."""
        config = validate({**self.settings(assignment), **self.constant_sections})
        if self.independent and not self.constant_sections:
            names = [name for name in Config.model_fields if name not in self.varied_sections]
            self.constant_sections = {name: getattr(config, name) for name in names}
            dumped = config.model_dump(mode="json", include=set(names) - NOT_IN_RECORD)
            self.constant_json = {name: canonical_json(value) for name, value in dumped.items()}
        return config

    def canonical_sections(self, config: Config) -> dict[str, str]:
        """A config's sections as the canonical JSON that its key is made of."""
        varied = config.model_dump(mode="json", exclude={*NOT_IN_RECORD, *self.constant_json})
        return {
            **self.constant_json,
            **{name: canonical_json(value) for name, value in varied.items()},
        }


def with_values(composed: Composed, overrides: Sequence[str]) -> Composed:
    """A copy of a composed configuration with plain settings changed, as Hydra would."""
    settings = composed.settings.copy()
    for override in overrides:
        key, _, text = override.partition("=")
        try:
            OmegaConf.update(settings, key, read_value(text), merge=True)
        except OmegaConfBaseException:
            compose([*composed.overrides, override])  # raises a `UserError` that explains it
            raise
    return Composed(settings, composed.choices, (*composed.overrides, *overrides))


def set_path(settings: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Sets a value; the dicts on the way to it are copied, the others stay shared."""
    for part in path[:-1]:
        section = dict(settings[part])
        settings[part] = section
        settings = section
    settings[path[-1]] = value


def setting(name: str, config: Config, choices: Mapping[str, str]) -> Any:
    """A setting's value in a run, as a table shows it."""
    return plain_value(planned_value(name, config, choices))


def planned_value(name: str, config: Config, choices: Mapping[str, str]) -> Any:
    """A setting's value in a run: the option of a group, or a value; None where it has none."""
    if name in choices:
        return choices[name]
    value: Any = config
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value


GroupOf = Callable[[Assignment], tuple[ComposedGroup, Assignment]]


def composed_groups(
    fixed: Sequence[str], axes: Sequence[Axis], composed: Composed | None = None
) -> GroupOf:
    """A function that splits a run's assignment into its group, composed once, and plain values.

    `composed` is what Hydra makes of the overrides `fixed` alone, where that is known already.
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
    groups: dict[tuple[str, ...], ComposedGroup | UserError] = {}
    if composed:
        groups[()] = ComposedGroup(composed, plain, values)

    def group_of(assignment: Assignment) -> tuple[ComposedGroup, Assignment]:
        choice = tuple(f"{key}={text}" for key, text in assignment.items() if key in by_hydra)
        if choice not in groups:
            try:
                groups[choice] = ComposedGroup(compose((*fixed, *choice)), plain, values)
            except UserError as error:
                groups[choice] = error
        group = groups[choice]
        if isinstance(group, UserError):
            raise group
        return group, {key: assignment[key] for key in plain if key in assignment}

    return group_of
