"""local: processes on this machine, through joblib's loky; all cores unless told otherwise.

Each worker is an executor of its own, so that one that dies takes no neighbor with it.
"""

from __future__ import annotations

import atexit
import gc
import mmap
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from pipeline.base.threads import cores
from pipeline.config.schema.sweep import SweepSettings
from pipeline.sweep.engines.batches import DIED, Batches, run_batch
from pipeline.sweep.entries import Entry, Task, failed_entry

IDLE = 60  # seconds after which a worker without work leaves
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def local(
    tasks: Iterable[Task], work: Callable[[Task], Entry], settings: SweepSettings
) -> Generator[Entry]:
    """The entries as they come; a run on which two workers have died has failed."""
    count = settings.workers or cores()
    batches = Batches(tasks)
    with hired(count) as idle:
        busy: dict[Future[list[Entry]], tuple[Worker, list[Task], float]] = {}
        made: list[Entry] = []
        while True:
            while idle and (batch := batches.draw()):
                worker = idle.pop()
                busy[worker.submit(work, batch)] = worker, batch, time.monotonic()
            yield from made  # while the workers are busy
            if not busy:
                return
            batches.prepare()
            made = []
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                worker, batch, start = busy.pop(future)
                idle.append(worker)
                try:
                    entries = future.result()
                except BrokenProcessPool:
                    twice = batches.died(batch, worker.place())
                    worker.renew()
                    made += [failed_entry(twice, DIED)] if twice else []
                else:
                    batches.took(len(batch), time.monotonic() - start)
                    made += entries


class Worker:
    """One process, and the place in its batch it is at, in memory that outlives it."""

    def __init__(self) -> None:
        self.file = NamedTemporaryFile(prefix="attention-lab-")  # noqa: SIM115  # lives as long
        self.file.write(bytes(4))
        self.file.flush()
        self.page = mmap.mmap(self.file.fileno(), 4)
        self.last: Future[list[Entry]] = Future()
        self.last.cancel()
        self.renew()

    def renew(self) -> None:
        """A process that is not started before it gets its first batch."""
        from joblib.externals.loky import ProcessPoolExecutor

        self.executor = ProcessPoolExecutor(
            max_workers=1,
            timeout=IDLE,
            initializer=begin,
            initargs=(os.getpid(), self.file.name),
            env=dict.fromkeys(THREADS, "1"),  # as a run holds them to
        )

    def submit(self, work: Callable[[Task], Entry], batch: list[Task]) -> Future[list[Entry]]:
        """Hands a batch over."""
        self.page[:] = bytes(4)
        with without_interrupts():  # which a worker leaves to us
            self.last = self.executor.submit(run_here, work, batch)
        return self.last

    def place(self) -> int:
        """The place in its batch of the task that it is on, or was when it died."""
        return int.from_bytes(self.page[:], "little")

    def stop(self) -> None:
        """Ends the process, whatever it is doing."""
        while not (self.last.running() or self.last.done()):  # loky trips over what it has not seen
            time.sleep(0.001)
        self.executor.shutdown(wait=True, kill_workers=True)
        self.file.close()


WORKERS: list[Worker] = []  # those without work, kept for the next sweep


@atexit.register
def dismiss() -> None:
    """Ends the workers that were kept."""
    while WORKERS:
        WORKERS.pop().stop()


@contextmanager
def hired(count: int) -> Iterator[list[Worker]]:
    """That many workers; kept for the next sweep if all ended idle, and stopped otherwise."""
    workers = [WORKERS.pop() if WORKERS else Worker() for _ in range(count)]
    idle = list(workers)
    try:
        yield idle
    finally:
        if len(idle) == count:
            WORKERS.extend(workers)
        else:
            for worker in workers:
                worker.stop()


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Ctrl-C waits; a process that starts meanwhile never hears it."""
    resource_tracker.ensure_running()  # its start, with the first process, would end the wait
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


PAGE: list[Any] = []  # of this worker, where it notes its place


def begin(parent: int, path: str) -> None:
    """Opens the page, and sees to it that the worker does not outlive its parent."""
    gc.set_threshold(50_000)  # as in the parent
    with Path(path).open("r+b") as file:
        PAGE[:] = [mmap.mmap(file.fileno(), 4)]
    threading.Thread(target=leave_with, args=(parent,), daemon=True).start()


def leave_with(parent: int) -> None:
    """Waits until the parent is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def note(place: int) -> None:
    """The place in the batch, where the parent finds it."""
    PAGE[0][:] = place.to_bytes(4, "little")


def run_here(work: Callable[[Task], Entry], batch: list[Task]) -> list[Entry]:
    """A batch, in this worker."""
    return run_batch(work, batch, note)
