"""Batches: so many small runs at a time that handing them over costs next to nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from pipeline.sweep.entries import Entry, Task

ABOUT = 0.25  # seconds that a batch should take: what a bar may stand still
LARGEST = 500  # tasks in a batch
DIED = "its worker died twice on it (killed, or out of memory)"


class Batches:
    """Draws tasks in batches whose size follows the time that runs take; lost ones come again.

    Neighbors in a plan mostly share their input, so a batch is a stretch of the plan.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks: Iterator[Task] = iter(tasks)
        self.again: deque[list[Task]] = deque()
        self.suspects: set[str] = set()  # runs on which a worker has died
        self.size = 1
        self.next: list[Task] = []

    def are_left(self) -> bool:
        """Whether there is one more to draw."""
        self.prepare()
        return bool(self.again or self.next)

    def draw(self) -> list[Task]:
        """The next batch; an empty one where none is left."""
        if self.again:
            return self.again.popleft()
        batch, self.next = self.next or self.fresh(), []
        return batch

    def prepare(self) -> None:
        """Makes the next batch before it is drawn, so that no worker waits for it."""
        self.next = self.next or self.fresh()

    def fresh(self) -> list[Task]:
        """A batch that was not drawn before."""
        return list(islice(self.tasks, self.size))

    def took(self, count: int, seconds: float) -> None:
        """How long a batch took, from which the size of the next follows, at most twice as large.

        >>> batches = Batches([])
        >>> batches.took(count=1, seconds=0.001)
        >>> batches.size
        2
        """
        fitting = int(ABOUT * count / max(seconds, 1e-6))
        self.size = max(1, min(fitting, 2 * self.size, LARGEST))

    def died(self, batch: list[Task], on: int) -> Task | None:
        """A worker died on that task of its batch; the task, if it was for the second time.

        The tasks before it may have lost their entries with the worker, so all are drawn again,
        the one it died on by itself.
        """
        suspect = batch[on]
        second = suspect.run in self.suspects
        self.suspects.add(suspect.run)
        rest = [task for task in batch if task is not suspect]
        self.again.extend(part for part in (rest, [] if second else [suspect]) if part)
        return suspect if second else None

    def lost(self, batch: list[Task]) -> list[Task]:
        """A worker was lost with a batch, nobody knows on which task; those it is the second for.

        The others are drawn again one by one.
        """
        twice = [task for task in batch if task.run in self.suspects]
        self.suspects.update(task.run for task in batch)
        self.again.extend([task] for task in batch if task not in twice)
        return twice


def run_batch(
    work: Callable[[Task], Entry], batch: list[Task], at: Callable[[int], None] = lambda place: None
) -> list[Entry]:
    """The entries of a batch; `at` is told which task comes next."""
    entries = []
    for place, task in enumerate(batch):
        at(place)
        entries.append(work(task))
    return entries
