"""Overrides → a composed configuration, by Hydra; its complaints as one line each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from pipeline.base.errors import ErrorCollector, UserError, one_line, shorten
from pipeline.base.paths import CONF, EXPERIMENTS
from pipeline.base.registry import list_choices
from pipeline.config.affects import AFFECTS, effect_of
from pipeline.config.renamed import RENAMED, renamed_hint
from pipeline.config.validate import validate


@dataclass(frozen=True, eq=False)
class Composed:
    """A configuration as Hydra composed it, before the gate."""

    settings: DictConfig  # interpolations not yet resolved
    choices: Mapping[str, str]  # group -> the option chosen
    overrides: tuple[str, ...]  # what was asked for, in Hydra's syntax, without where and how

    def resolved(self) -> dict[str, Any]:
        """Plain values, for the gate."""
        return resolve(self.settings)


@contextmanager
def hydra(overrides: Sequence[str] = ()) -> Iterator[None]:
    """Hydra over conf/ and experiments/; the experiments that `overrides` name are read."""
    store = ConfigStore.instance()
    store.repo.pop("experiment", None)  # one process may come by with other files
    for name, path in experiments().items():
        wanted = any(o.partition("=")[2].strip("'\"") == name for o in overrides)
        node = read_experiment(path) if wanted else {}
        store.store(group="experiment", name=name, node=node, package="_global_")
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        yield


def experiments() -> dict[str, Path]:
    """Name → file, of every experiment."""
    return {path.stem: path for path in sorted(EXPERIMENTS.glob("*.yaml"))}


def read_experiment(path: Path) -> dict[str, Any]:
    """The YAML of one experiment."""
    try:
        node = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"experiments/{path.name}: cannot be read as YAML: {error}") from error
    if not isinstance(node, dict) or not isinstance(node.get("study"), dict):
        raise UserError(
            f"experiments/{path.name}: has no study; expected question, source and grid"
        )
    return node


def compose(overrides: Sequence[str]) -> Composed:
    """What Hydra makes of the overrides, or a `UserError` with a line for each it cannot take."""
    parsed = parse(overrides)
    for given in parsed:
        if given.is_hydra_override() and given.key_or_group in ("hydra.run.dir", "hydra.sweep.dir"):
            raise UserError(
                f"{given.key_or_group}: folders are claimed by the pipeline, so that none is "
                "overwritten; set outputs= to put them elsewhere"
            )
        if given.is_sweep_override():
            raise UserError(
                f"{given.input_line}: several values make a sweep; add -m, or make sweep"
            )
    try:
        composed = hydra_compose("config", list(overrides), return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, ValueError):
        faults = ErrorCollector()
        kept = find_errors(overrides, faults)
        with faults.collect():  # what Hydra took may still be wrong
            validate(resolve(hydra_compose("config", kept)))
        faults.raise_if_any()
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
    """The overrides without those of where and how, which a run's record leaves out.

    >>> recorded_overrides(["seed=1", "outputs=elsewhere", "sweep.engine=inline"])
    ('seed=1',)
    """
    return tuple(one for one in overrides if not says_how(one))


def says_how(override: str) -> bool:
    """Whether an override says where or how runs are made, and not which."""
    key = override.lstrip("+~").partition("=")[0]
    section = re.split(r"[./]", key)[0]
    is_execution = section in AFFECTS and effect_of(section).what == "execution"
    return section == "hydra" or is_execution


def find_errors(overrides: Sequence[str], faults: ErrorCollector) -> list[str]:
    """Tries the overrides one after another: a fault for each that Hydra refuses, and the rest."""
    kept: list[str] = []
    choices_first = sorted(overrides, key=lambda o: "." in o.partition("=")[0])
    for override in choices_first:
        try:
            hydra_compose("config", [*kept, override])
            kept.append(override)
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            faults.add([explain_override(override, error, kept)])
    return kept


def explain_override(override: str, error: Exception, kept: Sequence[str]) -> str:
    """Hydra's complaint about one override, as path, what came, what is allowed."""
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
    place: Any = OmegaConf.to_container(hydra_compose("config", list(kept)))
    parts = key.split(".")
    for count, part in enumerate(parts):
        above = ".".join(parts[:count])
        if not isinstance(place, dict):
            return f"{key}: {above} is {shorten(place)} and has no settings of its own"
        if part not in place and above in AFFECTS and AFFECTS[above].has_user_keys:
            return f"{key}: not there yet; to add it, write +{override}"
        if part not in place:
            names = map(str, place if above else [*place, "experiment"])
            known = list_choices(part, names)
            return f"{'.'.join(parts[: count + 1])}: no such setting; expected one of: {known}"
        place = place[part]
    return f"{override}: {one_line(str(error).split('See https')[0])}"


def parse(overrides: Sequence[str]) -> list[Override]:
    """The overrides by Hydra's own grammar."""
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    parsed, lines = [], []
    for override in overrides:
        try:
            parsed += parser.parse_overrides([override])
            if not parsed[-1].key_or_group:
                raise OverrideParseException(override, "no key")
        except (OverrideParseException, HydraException) as error:
            what = one_line(str(error).split("See https")[0])
            if "LexerNoViableAlt" in what:  # an accent or a space, outside quotes
                what = "quote such a value twice, as in 'name=\"não\"'"
            lines.append(f"{override}: not of the form key=value that Hydra reads ({what})")
    if lines:
        raise UserError(*lines)
    return parsed


def is_group(key: str) -> bool:
    """Whether `key` chooses a file of conf/ or experiments/."""
    return bool(GlobalHydra.instance().config_loader().get_group_options(key))


def resolve(settings: DictConfig) -> dict[str, Any]:
    """Interpolations worked out, as plain dicts, lists and values."""
    try:
        plain: Any = OmegaConf.to_container(settings, resolve=True)
    except OmegaConfBaseException as error:
        place = getattr(error, "full_key", None) or "configuration"
        raise UserError(
            f"{place}: {one_line(str(error).splitlines()[0])}; write \\${{ for a literal ${{"
        ) from error
    return {str(key): value for key, value in plain.items()}
