"""One choice of groups, composed by Hydra once; plain values are then set on plain dicts.

A sweep of 100,000 runs has but a few choices of groups. What a run's settings are is worked out
from its base in microseconds, each time it is asked for, so that no run's settings are stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel

from pipeline.base.errors import UserError
from pipeline.base.values import plain_value
from pipeline.config.affects import NOT_OF_A_RUN, sections_with
from pipeline.config.compose import Composed, compose, is_group
from pipeline.config.schema.config import Config
from pipeline.config.validate import validate
from pipeline.store.key import canonical_json
from pipeline.sweep.plan.axes import Axis, read_value

NOT_IN_RECORD = frozenset(sections_with(*NOT_OF_A_RUN))
Assignment = Mapping[str, str]  # setting -> its value as Hydra writes it


class ComposedGroup:
    """The settings that a choice of groups comes with, and what a run makes of them."""

    def __init__(self, composed: Composed, keys: Sequence[str], values: Iterable[str]) -> None:
        self.composed = composed
        self.independent = are_independent(composed, keys) and not any(map(is_odd, values))
        self.resolved = composed.resolved() if self.independent else {}
        self.varied_sections = {key.partition(".")[0] for key in keys}
        self.parsed_values: dict[tuple[str, str], Any] = {}  # lists and dicts, merged into the base
        self.constant_sections: dict[
            str, Any
        ] = {}  # what no run of this base changes, past the gate
        self.constant_json: dict[str, str] = {}  # the same, as identity spells it

    def settings(self, chosen: Assignment) -> dict[str, Any]:
        """A run's settings, resolved; what is not changed is shared with the other runs'."""
        if not self.independent:
            overrides = [f"{key}={text}" for key, text in chosen.items()]
            return with_values(self.composed, overrides).resolved()
        made = dict(self.resolved)
        for key, text in chosen.items():
            set_path(made, key.split("."), self.node(key, text))
        return made

    def node(self, key: str, text: str) -> Any:
        """What stands at a key once a value is set there: a dict is merged, anything else put."""
        value = read_value(text)
        if not isinstance(value, dict | list):
            return value
        if (key, text) not in self.parsed_values:
            settings = with_values(self.composed, [f"{key}={text}"]).settings
            self.parsed_values[key, text] = OmegaConf.to_container(
                OmegaConf.select(settings, key), resolve=True
            )
        return self.parsed_values[key, text]

    def config(self, chosen: Assignment) -> Config:
        """A run's settings past the gate, where only what a run may change is looked at again."""
        config = validate({**self.settings(chosen), **self.constant_sections})
        if self.independent and not self.constant_sections:
            names = [name for name in Config.model_fields if name not in self.varied_sections]
            self.constant_sections = {name: getattr(config, name) for name in names}
            dumped = config.model_dump(mode="json", include=set(names) - NOT_IN_RECORD)
            self.constant_json = {name: canonical_json(value) for name, value in dumped.items()}
        return config

    def canonical_sections(self, config: Config) -> dict[str, str]:
        """A config's settings as identity spells them."""
        changed = config.model_dump(mode="json", exclude={*NOT_IN_RECORD, *self.constant_json})
        return {
            **self.constant_json,
            **{name: canonical_json(value) for name, value in changed.items()},
        }


def with_values(base: Composed, overrides: Sequence[str]) -> Composed:
    """A copy of a composed configuration with plain settings changed, as Hydra would."""
    settings = base.settings.copy()
    for override in overrides:
        key, _, text = override.partition("=")
        try:
            OmegaConf.update(settings, key, read_value(text), merge=True)
        except OmegaConfBaseException:
            compose([*base.overrides, override])  # raises the fault, explained
            raise
    return Composed(settings, base.choices, (*base.overrides, *overrides))


def are_independent(composed: Composed, keys: Sequence[str]) -> bool:
    """Whether each key can be set by itself: all are there, and nothing depends on any of them."""
    raw: Any = OmegaConf.to_container(composed.settings)
    dotted = [f"{key}." for key in keys]
    nested = any(one != two and one.startswith(two) for one in dotted for two in dotted)
    return (
        not nested
        and all(is_there(raw, key.split(".")) for key in keys)
        and not any(refers_to(text, dotted) for text in interpolations(raw))
    )


def is_there(settings: Any, path: Sequence[str]) -> bool:
    """Whether dicts alone lead to a setting."""
    for part in path:
        if not isinstance(settings, dict) or part not in settings:
            return False
        settings = settings[part]
    return True


def interpolations(settings: Any) -> Iterator[str]:
    """Every string that OmegaConf has still to work out."""
    if isinstance(settings, dict | list):
        for value in settings.values() if isinstance(settings, dict) else settings:
            yield from interpolations(value)
    elif isinstance(settings, str) and is_odd(settings):
        yield settings


def is_odd(text: str) -> bool:
    """Whether a string may not be simply itself to OmegaConf: an interpolation, a missing value."""
    return "$" in text or "???" in text


def refers_to(text: str, dotted: Sequence[str]) -> bool:
    """Whether an interpolation names a key, anything above or below it, or a relative place.

    >>> refers_to("${sentences.name}", ["seed."]), refers_to("${sentences.name}", ["sentences."])
    (False, True)
    """
    names = re.findall(r"[\w.]+", text)
    return any(
        name.startswith(".") or f"{name}.".startswith(key) or key.startswith(f"{name}.")
        for name in names
        for key in dotted
    )


def set_path(settings: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Sets a value; the dicts on the way to it are copied, the others stay shared."""
    for part in path[:-1]:
        below = dict(settings[part])
        settings[part] = below
        settings = below
    settings[path[-1]] = value


def setting(name: str, config: Config, choices: Mapping[str, str]) -> Any:
    """What a setting is in a run, as a table shows it."""
    return plain_value(value_of(name, config, choices))


def value_of(name: str, config: Config, choices: Mapping[str, str]) -> Any:
    """What a setting is in a run: the option of a group, or a value; None where it has none."""
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
    """Takes a combination apart into its base, made by Hydra once, and what is set on that.

    `composed` is what Hydra makes of `fixed` alone, where that is known already.
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
    made: dict[tuple[str, ...], ComposedGroup | UserError] = {}
    if composed:
        made[()] = ComposedGroup(composed, plain, values)

    def base_of(chosen: Assignment) -> tuple[ComposedGroup, Assignment]:
        asked = tuple(f"{key}={text}" for key, text in chosen.items() if key in by_hydra)
        if asked not in made:
            try:
                made[asked] = ComposedGroup(compose((*fixed, *asked)), plain, values)
            except UserError as fault:
                made[asked] = fault
        base = made[asked]
        if isinstance(base, UserError):
            raise base
        return base, {key: chosen[key] for key in plain if key in chosen}

    return base_of
