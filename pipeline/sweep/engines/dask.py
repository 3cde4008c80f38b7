"""dask: the workers of a Dask scheduler, or of a cluster started on this machine.

Each batch is bound to one worker, so that the batch of a lost worker is known: Dask alone would
hand a batch that kills its worker to one worker after another.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from pipeline.base.errors import UserError
from pipeline.base.threads import cores
from pipeline.config.schema.sweep import SweepSettings
from pipeline.sweep.engines.batches import DIED, Batches, run_batch
from pipeline.sweep.engines.local import without_interrupts
from pipeline.sweep.entries import Entry, Task, failed_entry

POLL_SECONDS = 0.5  # between two looks at the workers, at most
SETTLE_SECONDS = 1.0  # after which a new worker gets its first batch
MAX_SECONDS_ALONE = 60  # without any worker, after which the sweep ends
TIMEOUT_SECONDS = 10  # for an answer of the scheduler


def dask(
    tasks: Iterable[Task], work: Callable[[Task], Entry], settings: SweepSettings
) -> Generator[Entry]:
    """The entries as they come, from the workers there are; new workers are used too."""
    batches, busy, present = Batches(tasks), Busy(), Workers()
    with connected(settings) as client:
        try:
            while busy.jobs or batches.are_left():
                present.update(client)
                for batch in busy.lost(present.since.keys()):
                    yield from (failed_entry(task, DIED) for task in batches.lost(batch))
                for address in present.settled() - busy.jobs.keys():
                    if batch := batches.draw():
                        busy.start(client, address, work, batch)
                for batch, entries, seconds in busy.ended():
                    batches.took(len(batch), seconds)
                    yield from entries
        finally:
            client.cancel([future for future, _, _ in busy.jobs.values()])


class Workers:
    """The workers that are connected, by address, and since when."""

    def __init__(self) -> None:
        self.since: dict[str, float] = {}
        self.last = time.monotonic()  # time at which there was any

    def update(self, client: Any) -> None:
        """Reads which workers there are; a `UserError` after a minute without any.

        `scheduler_info` would not do: the client may empty its answer before it is read.
        """
        now = time.monotonic()
        addresses = client.nthreads()
        self.since = {address: self.since.get(address, now) for address in addresses}
        self.last = now if addresses else self.last
        if now - self.last > MAX_SECONDS_ALONE:
            raise UserError(
                f"sweep.dask: no worker was there for {MAX_SECONDS_ALONE} seconds; expected some, "
                "started with: dask worker ADDRESS --nthreads 1"
            )

    def settled(self) -> set[str]:
        """Those that have been connected for a while.

        Dask's nanny does not replace a worker that dies before the nanny has registered it.
        """
        now = time.monotonic()
        return {address for address, since in self.since.items() if now - since > SETTLE_SECONDS}


class Busy:
    """The batches in progress, by the address of their worker."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[Any, list[Task], float]] = {}  # future, batch, start

    def start(
        self, client: Any, address: str, work: Callable[[Task], Entry], batch: list[Task]
    ) -> None:
        """Sends a batch to one worker."""
        future = client.submit(run_batch, work, batch, workers=[address], pure=False)
        self.jobs[address] = future, batch, time.monotonic()

    def lost(self, addresses: Collection[str]) -> list[list[Task]]:
        """Takes out and returns the batches whose workers are not among these addresses."""
        lost = []
        for address in self.jobs.keys() - set(addresses):
            future, batch, _ = self.jobs.pop(address)
            future.cancel()
            lost.append(batch)
        return lost

    def ended(self) -> Iterator[tuple[list[Task], list[Entry], float]]:
        """The batches that have ended, after half a second at most; raises what the work raised."""
        futures = [future for future, _, _ in self.jobs.values()]
        if not futures:
            time.sleep(SETTLE_SECONDS / 4)
            return
        with suppress(TimeoutError):
            distributed().wait(futures, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED")
        for address, (future, batch, start) in list(self.jobs.items()):
            if future.done():
                try:
                    entries = future.result(timeout=TIMEOUT_SECONDS)
                except TimeoutError:  # its worker is lost
                    continue
                del self.jobs[address]
                yield batch, entries, time.monotonic() - start


def distributed() -> Any:
    """The package `distributed`, of the extra `cluster`."""
    return import_module("distributed")


@contextmanager
def connected(settings: SweepSettings) -> Iterator[Any]:
    """A client of the scheduler at the address, or of a cluster started for this sweep."""
    if settings.dask.address is None:
        with (
            without_interrupts(),
            distributed().LocalCluster(
                n_workers=settings.workers or cores(),
                threads_per_worker=1,
                dashboard_address=":0",  # any free port
                silence_logs=logging.CRITICAL,
            ) as cluster,
            distributed().Client(cluster) as client,
        ):
            yield client
        return
    address = settings.dask.address
    try:
        client = distributed().Client(address, timeout=TIMEOUT_SECONDS)
    except (OSError, ValueError) as error:
        raise UserError(
            f"sweep.dask.address: no scheduler answers at {address}; expected one started with: "
            "dask scheduler"
        ) from error
    with client:
        yield client
