"""Overrides → a composed configuration, by Hydra."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from pipeline.base.errors import ErrorCollector, UserError, one_line
from pipeline.base.paths import CONF
from pipeline.config.affects import AFFECTS, effect_of
from pipeline.config.experiments import experiments, read_experiment
from pipeline.config.explain import find_errors
from pipeline.config.validate import validate

FOLDERS = ("hydra.run.dir", "hydra.sweep.dir")


@dataclass(frozen=True, eq=False)
class Composed:
    """A configuration as Hydra composed it, not yet validated."""

    settings: DictConfig  # interpolations not yet resolved
    choices: Mapping[str, str]  # group → the chosen option
    overrides: tuple[str, ...]  # in Hydra's syntax, without where and how runs are made

    def resolved(self) -> dict[str, Any]:
        """Plain values, for `validate`."""
        return resolve(self.settings)


@contextmanager
def hydra(overrides: Sequence[str] = ()) -> Iterator[None]:
    """Hydra with conf/ and experiments/, of which only those that `overrides` name are read."""
    store = ConfigStore.instance()
    store.repo.pop("experiment", None)  # the files may have changed in this process
    for name, path in experiments().items():
        is_chosen = any(o.partition("=")[2].strip("'\"") == name for o in overrides)
        node = read_experiment(path) if is_chosen else {}
        store.store(group="experiment", name=name, node=node, package="_global_")
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        yield


def compose(overrides: Sequence[str]) -> Composed:
    """What Hydra composes of the overrides, or a `UserError` with a line for each that is wrong."""
    for override in parse(overrides):
        if override.is_hydra_override() and override.key_or_group in FOLDERS:
            raise UserError(
                f"{override.key_or_group}: folders are claimed by the pipeline, so that none is "
                "overwritten; set outputs= to put them elsewhere"
            )
        if override.is_sweep_override():
            raise UserError(
                f"{override.input_line}: several values make a sweep; add -m, or make sweep"
            )
    try:
        composed = hydra_compose("config", list(overrides), return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, ValueError):
        errors = ErrorCollector()
        accepted = find_errors(overrides, errors)
        with errors.collect():  # what Hydra accepts may still be invalid
            validate(resolve(hydra_compose("config", accepted)))
        errors.raise_if_any()
        raise
    choices = {
        group: option
        for group, option in composed.hydra.runtime.choices.items()
        if option is not None and not group.startswith("hydra")
    }
    with open_dict(composed):
        composed.pop("hydra")
    return Composed(composed, choices, recorded_overrides(overrides))


def recorded_overrides(overrides: Sequence[str]) -> tuple[str, ...]:
    """The overrides without those of where and how runs are made, which are not recorded.

    >>> recorded_overrides(["seed=1", "outputs=elsewhere", "sweep.engine=inline"])
    ('seed=1',)
    """
    return tuple(override for override in overrides if not is_execution(override))


def is_execution(override: str) -> bool:
    """Whether an override is about where or how runs are made, not about what they are."""
    key = override.lstrip("+~").partition("=")[0]
    section = re.split(r"[./]", key)[0]
    if section == "hydra":
        return True
    return section in AFFECTS and effect_of(section).what == "execution"


def parse(overrides: Sequence[str]) -> list[Override]:
    """The overrides, parsed by Hydra's grammar."""
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    parsed, lines = [], []
    for override in overrides:
        try:
            parsed += parser.parse_overrides([override])
            if not parsed[-1].key_or_group:
                raise OverrideParseException(override, "no key")
        except (OverrideParseException, HydraException) as error:
            reason = one_line(str(error).split("See https")[0])
            if "LexerNoViableAlt" in reason:  # an accent or a space, outside quotes
                reason = "quote such a value twice, as in 'name=\"não\"'"
            lines.append(f"{override}: not of the form key=value that Hydra reads ({reason})")
    if lines:
        raise UserError(*lines)
    return parsed


def resolve(settings: DictConfig) -> dict[str, Any]:
    """The settings with interpolations resolved, as plain dicts, lists and values."""
    try:
        plain: Any = OmegaConf.to_container(settings, resolve=True)
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or "configuration"
        raise UserError(
            f"{key}: {one_line(str(error).splitlines()[0])}; write \\${{ for a literal ${{"
        ) from error
    return {str(key): value for key, value in plain.items()}
