"""Panels: where the panels of a grid stand, in inches.

All together are no larger than a journal's page can show with its letters still legible.
"""

from __future__ import annotations

from dataclasses import dataclass

SIDE, SMALLEST, LARGEST = 2.0, 0.5, 8.0  # inches of a panel's side, and of all panels together
GAP = 0.14  # inches between panels
TITLE, NAMES, LEFT, BAR = 0.62, 0.5, 0.65, 1.3  # inches above, for names, and beside for the bar


@dataclass(frozen=True, eq=False)
class Layout:
    """Rows and columns of panels, and what stands around them, in inches."""

    rows: int
    columns: int
    shared: bool  # tokens stand at the left and at the bottom alone
    wide: float  # of the queries' labels
    tall: float  # of the keys' labels

    @property
    def side(self) -> float:
        """Of a panel."""
        across, down = self.between
        room = min(LARGEST / self.columns - across, LARGEST / self.rows - down)
        return max(min(SIDE, room), SMALLEST)

    @property
    def between(self) -> tuple[float, float]:
        """Two panels, across and down."""
        return (GAP, GAP) if self.shared else (GAP + self.wide, GAP + self.tall)

    @property
    def steps(self) -> tuple[float, float]:
        """From a panel to the next, across and down."""
        across, down = self.between
        return self.side + across, self.side + down

    @property
    def size(self) -> tuple[float, float]:
        """Of the figure."""
        across, down = self.steps
        width = LEFT + self.wide + self.columns * across + BAR
        return width, TITLE + NAMES + self.rows * down + self.tall + 0.1

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """The lower left corner of a panel."""
        across, down = self.steps
        top = self.size[1] - TITLE - NAMES - row * down
        return LEFT + self.wide + column * across, top - self.side

    @property
    def spread(self) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of all panels together."""
        (x, y), (right, top) = self.corner(self.rows - 1, 0), self.corner(0, self.columns - 1)
        return x, y, right + self.side - x, top + self.side - y
