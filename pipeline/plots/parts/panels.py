"""Where the panels of a grid stand, in inches.

The grid is no larger than a journal page can show with its letters still legible.
"""

from __future__ import annotations

from dataclasses import dataclass

SIDE, SMALLEST, LARGEST = 2.0, 0.5, 8.0  # inches: the side of a panel, and of the grid
GAP = 0.14  # inches between panels
TITLE, NAMES, LEFT, BAR = 0.62, 0.5, 0.65, 1.3  # inches above, for names, and beside for the bar


@dataclass(frozen=True, eq=False)
class PanelGrid:
    """A grid of square panels and the room around it, in inches."""

    rows: int
    columns: int
    shares_labels: bool  # tokens stand only left of and below the grid, not at each panel
    label_width: float  # of the queries' labels
    label_height: float  # of the keys' labels

    @property
    def side(self) -> float:
        """The side of a panel."""
        across, down = self.between
        room = min(LARGEST / self.columns - across, LARGEST / self.rows - down)
        return max(min(SIDE, room), SMALLEST)

    @property
    def between(self) -> tuple[float, float]:
        """The room between two panels, across and down."""
        return (
            (GAP, GAP) if self.shares_labels else (GAP + self.label_width, GAP + self.label_height)
        )

    @property
    def steps(self) -> tuple[float, float]:
        """From one panel to the next, across and down."""
        across, down = self.between
        return self.side + across, self.side + down

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure."""
        across, down = self.steps
        width = LEFT + self.label_width + self.columns * across + BAR
        return width, TITLE + NAMES + self.rows * down + self.label_height + 0.1

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """The lower left corner of a panel."""
        across, down = self.steps
        top = self.size[1] - TITLE - NAMES - row * down
        return LEFT + self.label_width + column * across, top - self.side

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of the grid."""
        (x, y), (right, top) = self.corner(self.rows - 1, 0), self.corner(0, self.columns - 1)
        return x, y, right + self.side - x, top + self.side - y
