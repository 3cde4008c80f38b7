"""Engines: where the runs of a sweep are made; one file each, listed in `config/schema/sweep.py`.

An engine is a function of the tasks, of a function that turns a task into a ledger entry and can
be pickled, and of the settings `sweep`. It yields the entries as they come, in any order. An
exception of that function ends the sweep; a worker that dies costs only the task it was on, which
is tried once more. Closing the generator stops the workers. What an engine needs is imported when
it starts.
"""

from pipeline.sweep.engines.load import EngineFunction, load_engine, require

__all__ = [
    "EngineFunction",
    "load_engine",
    "require",
]
