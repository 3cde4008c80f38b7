"""dask: processes wherever a Dask scheduler has workers, or a cluster made on this machine.

Each batch is bound to one worker, so that a worker that is lost is known by its batch: Dask alone
would give the batch, and what kills its worker, to the neighbors one after another.
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

LOOK = 0.5  # seconds between two looks at who is there, at most
SETTLING = 1.0  # seconds after which a new worker is given something to do
NOBODY = 60  # seconds without any worker, after which the sweep ends
PATIENCE = 10  # seconds that a scheduler may take to answer


def dask(
    tasks: Iterable[Task], work: Callable[[Task], Entry], settings: SweepSettings
) -> Generator[Entry]:
    """The entries as they come, from whatever workers there are; new ones are taken on."""
    batches, busy, present = Batches(tasks), Busy(), Present()
    with connected(settings) as client:
        try:
            while busy.jobs or batches.are_left():
                present.look(client)
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


class Present:
    """The workers that there are, by address, and since when."""

    def __init__(self) -> None:
        self.since: dict[str, float] = {}
        self.last = time.monotonic()  # when anybody was there

    def look(self, client: Any) -> None:
        """Who is there now; a `UserError` where for a minute nobody was.

        Not by `scheduler_info`, whose answer the client's own clock may empty before it is read.
        """
        now = time.monotonic()
        addresses = client.nthreads()
        self.since = {address: self.since.get(address, now) for address in addresses}
        self.last = now if addresses else self.last
        if now - self.last > NOBODY:
            raise UserError(
                f"sweep.dask: no worker was there for {NOBODY} seconds; expected some, started "
                "with: dask worker ADDRESS --nthreads 1"
            )

    def settled(self) -> set[str]:
        """Those that have been there for a while.

        A nanny does not replace a worker that dies before the nanny knows it to be there.
        """
        now = time.monotonic()
        return {address for address, since in self.since.items() if now - since > SETTLING}


class Busy:
    """The batches under way, by the address of their worker."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[Any, list[Task], float]] = {}  # future, batch, start

    def start(
        self, client: Any, address: str, work: Callable[[Task], Entry], batch: list[Task]
    ) -> None:
        """Hands a batch to a worker, and to that one alone."""
        future = client.submit(run_batch, work, batch, workers=[address], pure=False)
        self.jobs[address] = future, batch, time.monotonic()

    def lost(self, there: Collection[str]) -> list[list[Task]]:
        """The batches whose workers are gone, given up."""
        found = []
        for address in self.jobs.keys() - set(there):
            future, batch, _ = self.jobs.pop(address)
            future.cancel()
            found.append(batch)
        return found

    def ended(self) -> Iterator[tuple[list[Task], list[Entry], float]]:
        """The batches that have ended, after a while at the latest; raises what the work did."""
        futures = [future for future, _, _ in self.jobs.values()]
        if not futures:
            time.sleep(SETTLING / 4)
            return
        with suppress(TimeoutError):
            distributed().wait(futures, timeout=LOOK, return_when="FIRST_COMPLETED")
        for address, (future, batch, start) in list(self.jobs.items()):
            if future.done():
                try:
                    entries = future.result(timeout=PATIENCE)
                except TimeoutError:  # its worker went with it
                    continue
                del self.jobs[address]
                yield batch, entries, time.monotonic() - start


def distributed() -> Any:
    """The package, an extra."""
    return import_module("distributed")


@contextmanager
def connected(settings: SweepSettings) -> Iterator[Any]:
    """A client of the scheduler at the address, or of a cluster of processes made for it."""
    if settings.dask.address is None:
        with (
            without_interrupts(),
            distributed().LocalCluster(
                n_workers=settings.workers or cores(),
                threads_per_worker=1,
                dashboard_address=":0",  # a free port, and not the one that others may have
                silence_logs=logging.CRITICAL,
            ) as cluster,
            distributed().Client(cluster) as client,
        ):
            yield client
        return
    address = settings.dask.address
    try:
        client = distributed().Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise UserError(
            f"sweep.dask.address: no scheduler answers at {address}; expected one started with: "
            "dask scheduler"
        ) from error
    with client:
        yield client
