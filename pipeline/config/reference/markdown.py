"""Markdown: tables, headings and values."""

from __future__ import annotations

import inspect

import yaml


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def heading_of(setting: str) -> str:
    """The heading of the table of a setting's values."""
    return f"Values of {setting}"


def anchor(heading: str) -> str:
    """The address of a heading within its page, as GitHub makes it.

    >>> anchor("Values of attention.mask")
    'values-of-attentionmask'
    """
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def inline(value: object) -> str:
    """A value as YAML writes it in one line.

    >>> inline(None), inline(1.0), inline(["png"]), inline("none")
    ('null', '1.0', '[png]', 'none')
    """
    if isinstance(value, str):
        return value
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("...").strip()


def first_line(documented: object) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(documented) or "").partition("\n")[0]
