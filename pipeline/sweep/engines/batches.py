"""Batches: enough small runs at a time that sending them to a worker costs next to nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from pipeline.sweep.entries import Entry, Task

BATCH_SECONDS = 0.25  # that a batch should take: the progress bar moves as often
MAX_TASKS = 500  # in a batch
DIED = "its worker died twice on it (killed, or out of memory)"


class Batches:
    """Hands out tasks in batches sized by the time that runs take; lost tasks are handed out again.

    Neighbors in a plan mostly share their input, so a batch is a run of neighbors.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks: Iterator[Task] = iter(tasks)
        self.retries: deque[list[Task]] = deque()
        self.suspects: set[str] = set()  # runs on which a worker has died
        self.size = 1
        self.next: list[Task] = []

    def are_left(self) -> bool:
        """Whether there is another batch."""
        self.prepare()
        return bool(self.retries or self.next)

    def draw(self) -> list[Task]:
        """The next batch; an empty one where none is left."""
        if self.retries:
            return self.retries.popleft()
        batch, self.next = self.next or self.fresh(), []
        return batch

    def prepare(self) -> None:
        """Makes the next batch in advance, so that no worker waits for it."""
        self.next = self.next or self.fresh()

    def fresh(self) -> list[Task]:
        """A batch of tasks that were not drawn before."""
        return list(islice(self.tasks, self.size))

    def took(self, count: int, seconds: float) -> None:
        """Sets the size of the next batch by how long one took; it at most doubles.

        >>> batches = Batches([])
        >>> batches.took(count=1, seconds=0.001)
        >>> batches.size
        2
        """
        fitting = int(BATCH_SECONDS * count / max(seconds, 1e-6))
        self.size = max(1, min(fitting, 2 * self.size, MAX_TASKS))

    def died(self, batch: list[Task], index: int) -> Task | None:
        """Records that a worker died on a task; returns the task if it was the second time.

        The entries of the tasks before it may be lost with the worker, so all are drawn again,
        the one that it died on by itself.
        """
        suspect = batch[index]
        second = suspect.run in self.suspects
        self.suspects.add(suspect.run)
        rest = [task for task in batch if task is not suspect]
        self.retries.extend(part for part in (rest, [] if second else [suspect]) if part)
        return suspect if second else None

    def lost(self, batch: list[Task]) -> list[Task]:
        """A worker was lost with a batch; returns the tasks for which it was the second time.

        The others are drawn again one by one.
        """
        twice = [task for task in batch if task.run in self.suspects]
        self.suspects.update(task.run for task in batch)
        self.retries.extend([task] for task in batch if task not in twice)
        return twice


def run_batch(
    work: Callable[[Task], Entry],
    batch: list[Task],
    on_start: Callable[[int], None] = lambda index: None,
) -> list[Entry]:
    """The entries of a batch; `on_start` is called with the index of each task."""
    entries = []
    for index, task in enumerate(batch):
        on_start(index)
        entries.append(work(task))
    return entries
