"""A figure and the numbers it shows, drawn at once or from a template."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline.base.tables import Table

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class FigureTemplate:
    """How to draw a figure whose fixed part many runs of a sweep share.

    `build(*key)` makes the figure with all its artists and returns it with those that depend on
    the data; figures of equal `key` may differ in nothing else. `update` sets each of those
    artists from the data, whatever it held before, and returns them in drawing order; they are
    drawn above the fixed part. So a plot is two functions:

        template = FigureTemplate(build, (tokens, heads), partial(update, weights, caption))
        return Drawing(template, table)
    """

    build: Callable[..., tuple[Figure, Any]]  # a function of a module, called with `key`
    key: tuple[Hashable, ...]  # everything the fixed part depends on
    update: Callable[[Any], Sequence[Artist]]  # called with what `build` returns beside the figure

    def figure(self) -> Figure:
        """A new figure with every artist in it, shared with no other drawing."""
        figure, artists = self.build(*self.key)
        self.update(artists)
        return figure


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, and a table of the numbers it shows."""

    plan: Figure | FigureTemplate  # a finished figure, or the template to draw it from
    table: Table

    @cached_property
    def figure(self) -> Figure:
        """The finished figure."""
        return self.plan.figure() if isinstance(self.plan, FigureTemplate) else self.plan
