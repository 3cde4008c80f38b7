"""Phrases: what a language must have a wording for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """One language: every phrase with its blanks."""

    title: str
    settings: str
    head: str
    layer: str
    itself: str
    above: str
    above_none: str
    rest_even: str
    rest_spread: str
    masked: str
    alone: str
    level: str
    only: str
    across: str
    largest: str
    few: str
    unkept: str
    more: str
    notice: str
    decimal: str = "."
