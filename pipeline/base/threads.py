"""Threads: the caller and a small pool share jobs, with BLAS held to one thread each.

NumPy releases the interpreter lock inside its loops, so threads speed it up. BLAS threads under
them would compete for the same cores.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ContextDecorator, contextmanager
from functools import cache
from typing import Any, TypeVar

import numpy as np

JobT = TypeVar("JobT")


def cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@cache
def pool(process: int, threads: int) -> ThreadPoolExecutor:
    """The worker threads, created once per process (a fork does not inherit its parent's)."""
    return ThreadPoolExecutor(threads, thread_name_prefix="attention")


@cache
def blas() -> Any:
    """The controller of the BLAS libraries that are loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


class SingleThreaded(ContextDecorator):
    """Holds BLAS to one thread while any caller is inside, then restores its thread counts."""

    def __init__(self) -> None:
        self.lock, self.inside = threading.Lock(), 0
        self.before: list[tuple[Any, int]] = []  # each library and its thread count before

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            if self.inside == 1:
                loaded = blas().lib_controllers
                self.before = [(library, library.get_num_threads()) for library in loaded]
                for library, threads in self.before:
                    if threads != 1:
                        library.set_num_threads(1)

    def __exit__(self, *raised: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                for library, threads in self.before:
                    if threads != 1:
                        library.set_num_threads(threads)


single_threaded_blas = SingleThreaded()  # a context manager, or a decorator


@contextmanager
def small_buffers() -> Iterator[None]:
    """A small ufunc buffer for this thread while inside, so that NumPy works on rows in place.

    Where rows are not contiguous (a column broadcast against a matrix, or gaps between rows), NumPy
    first copies what fits into its buffer of 8,192 entries: up to 2.5 times the work for rows of
    512 to 4,096. No result depends on it.

    >>> with small_buffers():
    ...     np.getbufsize()
    512
    """
    with np.errstate():  # restores the buffer size too
        np.setbufsize(512)
        yield


def share(work: Callable[[Iterator[JobT]], None], jobs: Iterable[JobT], threads: int) -> None:
    """Runs `work` on every thread, each drawing from the same jobs until none is left.

    `work` gets an iterator, so a thread allocates its scratch arrays once for all the jobs it
    draws. The first error of any thread is raised here, after all have stopped.

    >>> done = []
    >>> share(lambda jobs: done.extend(jobs), range(5), threads=2)
    >>> sorted(done)
    [0, 1, 2, 3, 4]
    """
    source, lock, stopped = iter(jobs), threading.Lock(), threading.Event()

    def draw() -> Iterator[JobT]:
        while not stopped.is_set():
            with lock:
                try:
                    job = next(source)
                except StopIteration:
                    return
            yield job

    def run() -> None:
        try:
            with small_buffers():
                work(draw())
        except BaseException:
            stopped.set()
            raise

    with single_threaded_blas:
        workers = [pool(os.getpid(), threads - 1).submit(run) for _ in range(threads - 1)]
        try:
            run()
        finally:
            errors = [worker.exception() for worker in workers]
    for error in errors:
        if error:
            raise error
