"""Engines: what carries the runs of a sweep out; one file each, and one entry here.

An engine takes tasks, a function that makes an entry of a task and may be pickled, and the
settings `sweep`. It yields the entries as they come, in any order. What the function raises ends
the sweep; a worker that dies costs only the task it was on, which is tried once more. Closing the
generator stops the workers. Whatever an engine needs is imported when it starts.
"""

from pipeline.sweep.engines.registry import ENGINES, Engine, require

__all__ = [
    "ENGINES",
    "Engine",
    "require",
]
