"""What each setting changes: the one table that keys, comparisons, figures and records read.

| effect    | what changes with it                                             |
|-----------|------------------------------------------------------------------|
| numbers   | what is computed                                                 |
| records   | which of the numbers are stored, and the language of the text    |
| figures   | what a figure shows                                              |
| files     | which figures are made, and how they are saved                   |
| label     | what the run is called                                           |
| runs      | which runs a sweep makes                                         |
| execution | where and how runs are made                                      |

A setting that is not in the table has the effect of the section it stands in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

ALWAYS_COUNTS = object()


@dataclass(frozen=True)
class Effect:
    """What a setting or a section changes."""

    what: str
    is_input: bool = False  # whether preparing the input reads it: sentence → query, key, value
    has_user_keys: bool = False  # whether its entries are named by the user, such as words
    neutral: Any = ALWAYS_COUNTS  # the value at which it might as well not exist

    @property
    def has_neutral(self) -> bool:
        """Whether there is a value at which it is as if it did not exist."""
        return self.neutral is not ALWAYS_COUNTS


AFFECTS: dict[str, Effect] = {
    "name": Effect("label"),
    "sentences": Effect("numbers", is_input=True),
    "embeddings": Effect("numbers", is_input=True),
    "embeddings.table": Effect("numbers", is_input=True, has_user_keys=True),
    "projection": Effect("numbers", is_input=True),
    "attention": Effect("numbers"),
    "attention.retain": Effect("records"),
    "attention.retain_k": Effect("records"),
    "layers": Effect("numbers", is_input=True, neutral={"count": 1, "residual": False}),
    "stages": Effect("records", neutral=[]),
    "metrics": Effect("records"),
    "plots": Effect("files"),
    "figures": Effect("files"),
    "figures.pooling": Effect("figures"),
    "language": Effect("records"),
    "seed": Effect("numbers"),
    "outputs": Effect("execution"),
    "sweep": Effect("execution"),
    "repeats": Effect("runs"),
    "where": Effect("runs"),
    "study": Effect("runs"),
    "study.grid": Effect("runs", has_user_keys=True),
}

NOT_OF_A_RUN = ("runs", "execution")  # effects of settings that are no part of what a run is


UNKNOWN = Effect("numbers")  # of a setting that another version had: it may change anything


@cache
def effect_of(setting: str) -> Effect:
    """The effect of a setting, by its dotted name: its own, or that of the section it is in.

    >>> effect_of("attention.scale").what, effect_of("attention.retain").what
    ('numbers', 'records')
    >>> effect_of("sweep.dask.address").what, effect_of("from_another_version").what
    ('execution', 'numbers')
    """
    name = setting
    while name and name not in AFFECTS:
        name = name.rpartition(".")[0]
    return AFFECTS.get(name, UNKNOWN)


def changes_numbers(setting: str) -> bool:
    """Whether a setting, or a group of files of conf/, can move a metric.

    >>> changes_numbers("attention.mask"), changes_numbers("attention.retain")
    (True, False)
    """
    return effect_of(setting).what == "numbers"


def sections_with(*effects: str) -> tuple[str, ...]:
    """The settings of the top level with one of these effects.

    >>> sections_with("label", "execution")
    ('name', 'outputs', 'sweep')
    """
    return tuple(n for n, effect in AFFECTS.items() if "." not in n and effect.what in effects)


def input_sections() -> tuple[str, ...]:
    """The sections that preparing the input reads.

    >>> input_sections()
    ('sentences', 'embeddings', 'projection', 'layers')
    """
    return tuple(n for n, effect in AFFECTS.items() if "." not in n and effect.is_input)


def figure_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a figure depends on: not how it is saved, nor what is kept beside it.

    >>> figure_settings({"attention": {"scale": "none", "retain": "full"}, "figures": {"dpi": 144}})
    {'attention': {'scale': 'none'}, 'figures': {}}
    """
    seen: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            seen[name] = {k: v for k, v in value.items() if is_seen_in_figures(f"{name}.{k}")}
        elif is_seen_in_figures(name):
            seen[name] = value
    return seen


def is_seen_in_figures(setting: str) -> bool:
    """Whether a figure may depend on a setting; stages are figures of their own.

    >>> [is_seen_in_figures(name) for name in ("attention.scale", "figures.dpi", "plots", "stages")]
    [True, False, False, True]
    """
    return setting == "stages" or effect_of(setting).what in ("numbers", "figures", "label")


def is_user_key(setting: str) -> bool:
    """Whether a dotted name ends in an entry that the user named, such as a word of a table.

    >>> is_user_key("embeddings.table.Os"), is_user_key("embeddings.table")
    (True, False)
    """
    return any(
        effect.has_user_keys and setting.startswith(f"{name}.") for name, effect in AFFECTS.items()
    )
