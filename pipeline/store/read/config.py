"""A run's configuration as it was stored, nested."""

from __future__ import annotations

from typing import Any

import yaml

from pipeline.base.errors import UserError
from pipeline.config.renamed import RENAMED
from pipeline.store.read.older import all_defaults, current_config
from pipeline.store.read.run import Run, plan_line
from pipeline.store.read.settings import LOADER
from pipeline.store.read.shards import settings_of_row


def whole_config(run: Run) -> dict[str, Any]:
    """A run's configuration for validation: its settings, and defaults for how it runs."""
    return {**all_defaults(), **nested_settings(run), "study": None}


def nested_settings(run: Run) -> dict[str, Any]:
    """A run's settings as they stand in its config.yaml, or in its row.

    Of an equivalent point they are the other run's, with the changes that its plan names.
    """
    if run.from_table:
        return current_config(settings_of_row(run.folder))
    path = run.source_folder / ".hydra" / "config.yaml"
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"compare: cannot read {path} ({error})") from error
    found = current_config(content)
    differs = plan_line(run.folder)["differs"]["settings"] if run.equivalent_folder else {}
    for old_name, value in differs.items():
        name = RENAMED.get(old_name, old_name)
        section, _, key = name.partition(".")
        found[section] = {**found[section], key: value} if key else value
    return found
