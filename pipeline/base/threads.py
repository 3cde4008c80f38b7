"""Threads for blocks of rows: the caller and a small pool, with BLAS held to one thread each.

NumPy lets go of the interpreter lock inside its loops, so threads share the work and the arrays.
A BLAS with threads of its own under them would only fight for the same cores.
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

Job = TypeVar("Job")


def cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@cache
def pool(process: int, threads: int) -> ThreadPoolExecutor:
    """The workers beside the caller, made once a process (a fork has none of its parent's)."""
    return ThreadPoolExecutor(threads, thread_name_prefix="attention")


@cache
def blas() -> Any:
    """The handle on the BLAS libraries that are loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


class SingleThreaded(ContextDecorator):
    """Holds BLAS to one thread while anyone is inside, and leaves it as it was found."""

    def __init__(self) -> None:
        self.lock, self.inside = threading.Lock(), 0
        self.before: list[tuple[Any, int]] = []  # each library, and its threads when it was found

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


single_threaded_blas = SingleThreaded()  # for `with`, or before a function


@contextmanager
def small_buffers() -> Iterator[None]:
    """NumPy goes along rows where they lie, for this thread and as long as one is inside.

    Where rows cannot be taken as one line (a column against a matrix, or with gaps between them),
    NumPy first copies as many into its buffer of 8,192 entries as fit there: up to 2.5 times the
    work for rows of 512 to 4,096. No result depends on it.

    >>> with small_buffers():
    ...     np.getbufsize()
    512
    """
    with np.errstate():  # puts back the buffer's size too
        np.setbufsize(512)
        yield


def share(work: Callable[[Iterator[Job]], None], jobs: Iterable[Job], threads: int) -> None:
    """Runs `work` on every thread, each drawing from the same jobs until none is left.

    `work` gets an iterator, so that what a thread allocates once serves all the jobs it draws.
    The first error of any thread is raised here, after all have stopped.

    >>> done = []
    >>> share(lambda jobs: done.extend(jobs), range(5), threads=2)
    >>> sorted(done)
    [0, 1, 2, 3, 4]
    """
    source, lock, stopped = iter(jobs), threading.Lock(), threading.Event()

    def drawn() -> Iterator[Job]:
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
                work(drawn())
        except BaseException:
            stopped.set()
            raise

    with single_threaded_blas:
        helpers = [pool(os.getpid(), threads - 1).submit(run) for _ in range(threads - 1)]
        try:
            run()
        finally:
            errors = [helper.exception() for helper in helpers]
    for error in errors:
        if error:
            raise error
