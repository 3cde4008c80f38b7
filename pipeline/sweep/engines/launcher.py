"""launcher: jobs of a batch system, through whichever launcher of Hydra's the command line names.

`hydra/launcher=submitit_slurm` makes a job on Slurm of each batch of runs. Jobs and caller share a
file system, where the entry of each run is on record as it ends: a job that dies costs only the
run it was on, which is tried once more. What the jobs printed stays only where one of them died.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from typing import Any

from pipeline.base.errors import UserError, one_line
from pipeline.base.threads import cores
from pipeline.config.schema.sweep import SweepSettings
from pipeline.store.atomic import remove_ours
from pipeline.sweep.engines.batches import DIED
from pipeline.sweep.engines.jobs import Batch, launch, write_job
from pipeline.sweep.entries import Entry, Task, failed_entry

LOOK = 0.5  # seconds between two looks at what the jobs have done
CHOICE = "hydra/launcher="


def chosen_launcher(overrides: Sequence[str]) -> str | None:
    """The launcher that the command line names; None for Hydra's basic one, which has no jobs.

    >>> chosen_launcher(["seed=1", "hydra/launcher=submitit_slurm"]), chosen_launcher(["seed=1"])
    ('submitit_slurm', None)
    """
    names = [one.removeprefix(CHOICE) for one in overrides if one.startswith(CHOICE)]
    return names[-1] if names and names[-1] != "basic" else None


def launcher(
    tasks: Iterable[Task],
    work: Callable[[Task], Entry],
    settings: SweepSettings,
    *,
    overrides: Sequence[str],
    folder: Path,
    total: int,
) -> Generator[Entry]:
    """The entries as they come; a run on which two jobs have died has failed.

    The `total` runs are shared among `sweep.workers` jobs, by default as many as there are cores
    here. Closing the generator stops listening; jobs that are under way end by themselves.
    """
    numbers, suspects = count(), set[str]()
    size = max(1, math.ceil(total / (settings.workers or cores())))
    parts = list(chunks(tasks, size))
    with ThreadPoolExecutor(1) as beside:
        while parts:
            batches = [write_job(folder, next(numbers), part) for part in parts]
            launched = beside.submit(launch, batches, work, overrides)
            heard = yield from listen(batches, launched)
            refuse_if_nothing_ran(launched, heard)
            missing = [[t for t in b.tasks if t.run not in heard] for b in batches]
            parts = []
            for suspect, *rest in filter(None, missing):
                if suspect.run in suspects:
                    yield failed_entry(suspect, DIED)
                else:
                    suspects.add(suspect.run)
                    parts.append([suspect])
                parts += [rest] if rest else []
    if not suspects:  # else what the jobs said of their end is there to read
        remove_ours(folder)


def chunks(tasks: Iterable[Task], size: int) -> Iterator[list[Task]]:
    """So many neighbors at a time.

    >>> list(chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    left = iter(tasks)
    while part := list(islice(left, size)):
        yield part


def listen(
    batches: Sequence[Batch], launched: Future[list[Any]]
) -> Generator[Entry, None, set[str]]:
    """The entries of all batches, each once, until the launcher is done; which runs they are of."""
    heard: set[str] = set()
    is_over = False
    while not is_over:
        is_over = launched.done()  # and then once more what is on record
        if not is_over:
            time.sleep(LOOK)
        for batch in batches:
            for run, entry in batch.ledger.entries().items():
                if run not in heard:
                    heard.add(run)
                    yield entry
    return heard


def refuse_if_nothing_ran(launched: Future[list[Any]], heard: set[str]) -> None:
    """What the work raised ends the sweep, and so does a launcher that could not start a job."""
    error = launched.exception()
    if error is None:
        for job in launched.result():
            _ = job.return_value  # raises what the job did
    elif isinstance(error, UserError):
        raise error
    elif not heard:
        raise UserError(f"hydra/launcher: no job ran ({one_line(str(error)) or repr(error)})")
