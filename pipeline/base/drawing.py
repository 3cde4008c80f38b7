"""A figure and the numbers it draws, drawn at once or from a template."""

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
    """A figure yet to be drawn: a frame that many figures may share, and what fills it.

    For a plot that sweeps draw again and again. `frame(*about)` makes the figure with all its
    artists, and hands over those that move: what differs between figures of equal `about`, and
    nothing else may. `fill` sets every one of them from the data, whatever they held before, and
    returns them in the order they are drawn, above all that stays. So a plot is two functions:

        return Drawing(Sheet(frame, (tokens, heads), partial(fill, weights, caption)), table)
    """

    build: Callable[..., tuple[Figure, Any]]  # a function of a module, called with `about`
    key: tuple[Hashable, ...]  # all that the frame depends on
    update: Callable[[Any], Sequence[Artist]]  # given what the frame handed over

    def figure(self) -> Figure:
        """A figure of its own, every artist in it, that no other drawing shares."""
        figure, parts = self.build(*self.key)
        self.update(parts)
        return figure


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, and the numbers it draws.

    A plot that is drawn now and then hands over its figure; one for sweeps, a sheet.
    """

    plan: Figure | FigureTemplate  # what is drawn: at once, or when it is saved
    table: Table

    @cached_property
    def figure(self) -> Figure:
        """The figure, whole."""
        return self.plan.figure() if isinstance(self.plan, FigureTemplate) else self.plan
