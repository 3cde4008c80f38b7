"""Hydra's errors about overrides, as one line each: the setting, what came, what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra import compose as hydra_compose
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pipeline.base.errors import ErrorCollector, one_line, shorten
from pipeline.base.registry import list_choices
from pipeline.config.affects import AFFECTS
from pipeline.config.renamed import RENAMED, renamed_hint


def find_errors(overrides: Sequence[str], errors: ErrorCollector) -> list[str]:
    """Tries the overrides one by one: collects an error for each that Hydra refuses.

    Returns those that it accepts.
    """
    accepted: list[str] = []
    choices_first = sorted(overrides, key=lambda override: "." in override.partition("=")[0])
    for override in choices_first:
        try:
            hydra_compose("config", [*accepted, override])
            accepted.append(override)
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            errors.add([explain_override(override, error, accepted)])
    return accepted


def explain_override(override: str, error: Exception, accepted: Sequence[str]) -> str:
    """Hydra's error about one override, after those that it accepted."""
    key = override.partition("=")[0].lstrip("+~")
    value = override.partition("=")[2]
    if isinstance(error, MissingConfigException) and error.options is not None:
        missing = str(error.missing_cfg_file or "")
        group, _, option = missing.rpartition("/")
        known = list_choices(option, error.options)
        more = (
            "; make setup EXTRAS=cluster adds those of Slurm" if group == "hydra/launcher" else ""
        )
        return f"{group or key}: got {shorten(option or value)}, expected one of: {known}{more}"
    if key in RENAMED:
        return f"{renamed_hint(key)}; write {RENAMED[key]}={value}"
    if is_group(key):
        known = list_choices(value, GlobalHydra.instance().config_loader().get_group_options(key))
        return f"{key}: got {shorten(value)}, expected one of: {known}"
    return missing_setting(override, key, accepted) or (
        f"{override}: {one_line(str(error).split('See https')[0])}"
    )


def missing_setting(override: str, key: str, accepted: Sequence[str]) -> str:
    """The first part of a key that does not exist, with those that do; empty where all do."""
    settings: Any = OmegaConf.to_container(hydra_compose("config", list(accepted)))
    parts = key.split(".")
    for count, part in enumerate(parts):
        section = ".".join(parts[:count])
        if not isinstance(settings, dict):
            return f"{key}: {section} is {shorten(settings)} and has no settings of its own"
        if part not in settings and section in AFFECTS and AFFECTS[section].has_user_keys:
            return f"{key}: not there yet; to add it, write +{override}"
        if part not in settings:
            names = map(str, settings if section else [*settings, "experiment"])
            known = list_choices(part, names)
            return f"{'.'.join(parts[: count + 1])}: no such setting; expected one of: {known}"
        settings = settings[part]
    return ""


def is_group(key: str) -> bool:
    """Whether `key` chooses a file of conf/ or experiments/."""
    return bool(GlobalHydra.instance().config_loader().get_group_options(key))
