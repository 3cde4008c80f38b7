"""The engine: runs the points of a plan, one after another, and says how each ended."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.perform import compute, record
from pipeline.store import write, write_json, writing
from pipeline.sweep.plan import Plan, Point


def run_all(plan: Plan, folder: Path) -> Iterator[dict[str, Any]]:
    """A ledger entry for each point, in the plan's order, as it ends."""
    for point in plan.points:
        start = time.perf_counter()
        status = run_point(point, folder / "runs" / point.folder)
        yield {
            "run": point.folder,
            "key": point.key,
            "seconds": round(time.perf_counter() - start, 4),
            **status,
        }


def run_point(point: Point, folder: Path) -> dict[str, str]:
    """One run; a failure leaves its traceback in the run's folder, and the sweep goes on.

    A disk that takes no more is no failure of the run: the half run is removed and the sweep
    ends, with what was done before it kept.
    """
    with writing(folder):
        folder.mkdir(parents=True)
        try:
            result, seconds = compute(point.job)
            record(point.job, result, folder, seconds)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        except Exception as error:
            write(folder / "traceback.txt", traceback.format_exc())
            write_json(folder / "run.json", {"status": "failed", "error": str(error)})
            return {"status": "failed", "error": str(error).partition("\n")[0] or repr(error)}
    return {"status": "done"}
