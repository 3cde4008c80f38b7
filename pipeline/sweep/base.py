"""One choice of groups, composed by Hydra once; plain values are then set on plain dicts.

A sweep of 100,000 runs has but a few choices of groups. What a run's settings are is worked out
from its base in microseconds, each time it is asked for, so that no run's settings are stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel

from pipeline.compose import Composed, compose
from pipeline.config import APART, Config, validate
from pipeline.identity import as_text
from pipeline.sweep.axes import read_value

Chosen = Mapping[str, str]  # setting -> its value as Hydra writes it


class Base:
    """The settings that a choice of groups comes with, and what a run makes of them."""

    def __init__(self, composed: Composed, keys: Sequence[str], values: Iterable[str]) -> None:
        self.composed = composed
        self.apart = are_apart(composed, keys) and not any(map(is_odd, values))
        self.plain = composed.resolved() if self.apart else {}
        self.touched = {key.partition(".")[0] for key in keys}
        self.nodes: dict[tuple[str, str], Any] = {}  # lists and dicts, merged into the base
        self.kept: dict[str, Any] = {}  # what no run of this base changes, past the gate
        self.texts: dict[str, str] = {}  # the same, as identity spells it

    def settings(self, chosen: Chosen) -> dict[str, Any]:
        """A run's settings, resolved; what is not changed is shared with the other runs'."""
        if not self.apart:
            overrides = [f"{key}={text}" for key, text in chosen.items()]
            return with_values(self.composed, overrides).resolved()
        made = dict(self.plain)
        for key, text in chosen.items():
            put(made, key.split("."), self.node(key, text))
        return made

    def node(self, key: str, text: str) -> Any:
        """What stands at a key once a value is set there: a dict is merged, anything else put."""
        value = read_value(text)
        if not isinstance(value, dict | list):
            return value
        if (key, text) not in self.nodes:
            settings = with_values(self.composed, [f"{key}={text}"]).settings
            self.nodes[key, text] = OmegaConf.to_container(
                OmegaConf.select(settings, key), resolve=True
            )
        return self.nodes[key, text]

    def config(self, chosen: Chosen) -> Config:
        """A run's settings past the gate, where only what a run may change is looked at again."""
        config = validate({**self.settings(chosen), **self.kept})
        if self.apart and not self.kept:
            names = [name for name in Config.model_fields if name not in self.touched]
            self.kept = {name: getattr(config, name) for name in names}
            dumped = config.model_dump(mode="json", include=set(names) - set(APART))
            self.texts = {name: as_text(value) for name, value in dumped.items()}
        return config

    def spelled(self, config: Config) -> dict[str, str]:
        """A config's settings as identity spells them."""
        changed = config.model_dump(mode="json", exclude={*APART, *self.texts})
        return {**self.texts, **{name: as_text(value) for name, value in changed.items()}}


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


def are_apart(composed: Composed, keys: Sequence[str]) -> bool:
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


def put(settings: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Sets a value; the dicts on the way to it are copied, the others stay shared."""
    for part in path[:-1]:
        below = dict(settings[part])
        settings[part] = below
        settings = below
    settings[path[-1]] = value


def setting(name: str, config: Config, choices: Mapping[str, str]) -> Any:
    """What a setting is in a run, as a table shows it: what is no scalar as JSON."""
    value = value_of(name, config, choices)
    simple = isinstance(value, str | int | float | bool)
    return value if simple else json.dumps(value, ensure_ascii=False)


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
