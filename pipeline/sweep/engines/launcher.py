"""launcher: jobs of a batch system, through the Hydra launcher that the command line names.

`hydra/launcher=submitit_slurm` makes each batch of runs a job on Slurm. Jobs and caller share a
file system, where each run's entry is written as it ends: a job that dies costs only the run it
was on, which is tried once more. The jobs' own output is kept only where one of them died.
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

POLL_SECONDS = 0.5  # between two looks at what the jobs have done
CHOICE = "hydra/launcher="


def chosen_launcher(overrides: Sequence[str]) -> str | None:
    """The launcher that the command line names; None for Hydra's basic one, which starts no jobs.

    >>> chosen_launcher(["seed=1", "hydra/launcher=submitit_slurm"]), chosen_launcher(["seed=1"])
    ('submitit_slurm', None)
    """
    names = [text.removeprefix(CHOICE) for text in overrides if text.startswith(CHOICE)]
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

    The `total` runs are divided among `sweep.workers` jobs, by default one per core here.
    Closing the generator only stops the reading; jobs that have started end by themselves.
    """
    numbers, suspects = count(), set[str]()
    size = max(1, math.ceil(total / (settings.workers or cores())))
    parts = list(chunks(tasks, size))
    with ThreadPoolExecutor(1) as thread:
        while parts:
            batches = [write_job(folder, next(numbers), part) for part in parts]
            launched = thread.submit(launch, batches, work, overrides)
            ended = yield from read_entries(batches, launched)
            raise_launch_error(launched, ended)
            missing = [[t for t in b.tasks if t.run not in ended] for b in batches]
            parts = []
            for suspect, *rest in filter(None, missing):
                if suspect.run in suspects:
                    yield failed_entry(suspect, DIED)
                else:
                    suspects.add(suspect.run)
                    parts.append([suspect])
                parts += [rest] if rest else []
    if not suspects:  # whose output is kept
        remove_ours(folder)


def chunks(tasks: Iterable[Task], size: int) -> Iterator[list[Task]]:
    """The tasks in groups of `size`.

    >>> list(chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    rest = iter(tasks)
    while part := list(islice(rest, size)):
        yield part


def read_entries(
    batches: Sequence[Batch], launched: Future[list[Any]]
) -> Generator[Entry, None, set[str]]:
    """The entries of all batches, each once, until the launcher is done; returns their runs."""
    ended: set[str] = set()
    is_over = False
    while not is_over:
        is_over = launched.done()  # then the ledgers are read once more
        if not is_over:
            time.sleep(POLL_SECONDS)
        for batch in batches:
            for run, entry in batch.ledger.entries().items():
                if run not in ended:
                    ended.add(run)
                    yield entry
    return ended


def raise_launch_error(launched: Future[list[Any]], ended: set[str]) -> None:
    """Raises what the work raised, and a `UserError` where the launcher started no job."""
    error = launched.exception()
    if error is None:
        for job in launched.result():
            _ = job.return_value  # raises what the job did
    elif isinstance(error, UserError):
        raise error
    elif not ended:
        raise UserError(f"hydra/launcher: no job ran ({one_line(str(error)) or repr(error)})")
