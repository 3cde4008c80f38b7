"""local: processes on this machine, through joblib's loky; by default one per core.

Each worker is an executor of its own, so that the death of one costs no other its run.
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

IDLE = 60  # seconds after which a worker without work ends
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def local(
    tasks: Iterable[Task], work: Callable[[Task], Entry], settings: SweepSettings
) -> Generator[Entry]:
    """The entries as they come; a run on which two workers have died has failed."""
    batches = Batches(tasks)
    with workers(settings.workers or cores()) as idle:
        busy: dict[Future[list[Entry]], tuple[Worker, list[Task], float]] = {}
        entries: list[Entry] = []
        while True:
            while idle and (batch := batches.draw()):
                worker = idle.pop()
                busy[worker.submit(work, batch)] = worker, batch, time.monotonic()
            yield from entries  # while the workers are busy
            if not busy:
                return
            batches.prepare()
            entries = []
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                worker, batch, start = busy.pop(future)
                worker.used = time.monotonic()
                idle.append(worker)
                try:
                    entries += future.result()
                except BrokenProcessPool:
                    failed = batches.died(batch, worker.task_index())
                    worker.start_anew()
                    entries += [failed_entry(failed, DIED)] if failed else []
                else:
                    batches.took(len(batch), time.monotonic() - start)


class Worker:
    """One process, and the index of the task it is on, in memory that outlives it."""

    def __init__(self) -> None:
        self.file = NamedTemporaryFile(prefix="attention-lab-")  # noqa: SIM115  # closed in stop()
        self.file.write(bytes(4))
        self.file.flush()
        self.page = mmap.mmap(self.file.fileno(), 4)
        self.last: Future[list[Entry]] = Future()
        self.last.cancel()
        self.used = time.monotonic()  # when it last ended a batch
        self.start_anew()

    def start_anew(self) -> None:
        """A new process, which starts with its first batch."""
        from joblib.externals.loky import ProcessPoolExecutor

        self.executor = ProcessPoolExecutor(
            max_workers=1,
            timeout=IDLE,
            initializer=start_worker,
            initargs=(os.getpid(), self.file.name),
            env=dict.fromkeys(THREADS, "1"),  # as in every run
        )

    def submit(self, work: Callable[[Task], Entry], batch: list[Task]) -> Future[list[Entry]]:
        """Sends a batch."""
        if self.last.done() and time.monotonic() - self.used > IDLE / 2:
            # loky does not watch a process that it starts in place of one that left for want of
            # work: its death would never be noticed.
            self.executor.shutdown(wait=False, kill_workers=True)
            self.start_anew()
        self.page[:] = bytes(4)
        with without_interrupts():  # Ctrl-C is handled here
            self.last = self.executor.submit(run_here, work, batch)
        return self.last

    def task_index(self) -> int:
        """The index in its batch of the task that it is on, or was on when it died."""
        return int.from_bytes(self.page[:], "little")

    def stop(self) -> None:
        """Kills the process."""
        while not (self.last.running() or self.last.done()):  # loky cannot stop before that
            time.sleep(0.001)
        self.executor.shutdown(wait=True, kill_workers=True)
        self.file.close()


IDLE_WORKERS: list[Worker] = []  # kept for the next sweep


@atexit.register
def stop_idle_workers() -> None:
    """Stops the workers that were kept."""
    while IDLE_WORKERS:
        IDLE_WORKERS.pop().stop()


@contextmanager
def workers(count: int) -> Iterator[list[Worker]]:
    """That many workers; kept for the next sweep if all are idle at the end, else stopped."""
    every = [IDLE_WORKERS.pop() if IDLE_WORKERS else Worker() for _ in range(count)]
    idle = list(every)
    try:
        yield idle
    finally:
        if len(idle) == count:
            IDLE_WORKERS.extend(every)
        else:
            for worker in every:
                worker.stop()


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Ctrl-C is delayed; a process that is started meanwhile never receives it."""
    resource_tracker.ensure_running()  # starting it later would unblock Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


PAGE: list[Any] = []  # of this worker: the memory where it writes the index of its task


def start_worker(parent: int, path: str) -> None:
    """Opens the shared memory, and ends the worker when its parent is gone."""
    gc.set_threshold(50_000)  # as in the parent
    with Path(path).open("r+b") as file:
        PAGE[:] = [mmap.mmap(file.fileno(), 4)]
    threading.Thread(target=exit_with, args=(parent,), daemon=True).start()


def exit_with(parent: int) -> None:
    """Waits until the parent is gone, then exits."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def write_index(index: int) -> None:
    """Writes the index of the task where the parent can read it."""
    PAGE[0][:] = index.to_bytes(4, "little")


def run_here(work: Callable[[Task], Entry], batch: list[Task]) -> list[Entry]:
    """Runs a batch in this worker."""
    return run_batch(work, batch, write_index)
