"""A comparison of many runs: seconds and memory, against the bar, and whether it grows in line."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from time import perf_counter

from pipeline.__main__ import main as pipeline
from pipeline.base.paths import ROOT

COUNTS = (1_000, 10_000)
BAR, MEMORY = 10.0, 1.0  # seconds and GB of the largest
Row = tuple[str, int, float, float, float | None]  # what, runs, seconds, GB, bar


def rows() -> Iterator[Row]:
    """Sweeps of copies of one run, each with a temperature and a seed of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        run = one_run(scratch)
        for count in COUNTS:
            sweep = Path(scratch, str(count))
            copies(run, sweep, count)
            start = perf_counter()
            command = [sys.executable, "-m", "pipeline.compare", str(sweep)]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
            taken = perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
            yield "comparison", count, taken, peak, BAR if count == COUNTS[-1] else None


def one_run(scratch: str) -> Path:
    """The folder of a run."""
    with redirect_stdout(StringIO()):
        assert pipeline(["plots=[]", f"outputs={scratch}/one"]) == 0
    (run,) = Path(scratch, "one").glob("*/*")
    return run


def copies(run: Path, sweep: Path, count: int) -> None:
    """What a comparison reads of a sweep of so many runs."""
    config = (run / ".hydra" / "config.yaml").read_text(encoding="utf-8")
    about = (run / "run.json").read_text(encoding="utf-8")
    scalars = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    names = [f"r{place:06}" for place in range(count)]
    for place, name in enumerate(names):
        folder = sweep / "runs" / name
        (folder / ".hydra").mkdir(parents=True)
        told = config.replace("temperature: 1.0", f"temperature: {1 + place // 5}")
        told = told.replace("seed: 0", f"seed: {place % 5}")
        (folder / ".hydra" / "config.yaml").write_text(told, encoding="utf-8")
        (folder / "run.json").write_text(about, encoding="utf-8")
        moved = {metric: (value or 0.0) + 1e-6 * place for metric, value in scalars.items()}
        (folder / "summary.json").write_text(json.dumps(moved), encoding="utf-8")
    plan = {"runs": [{"run": name} for name in names]}
    (sweep / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
