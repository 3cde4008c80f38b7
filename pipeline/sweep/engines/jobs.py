"""Jobs: batches of runs for one of Hydra's launchers, and what a job does with its batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.config.compose import hydra
from pipeline.store.atomic import write_file
from pipeline.store.ledger import Ledger
from pipeline.sweep.entries import Entry, Task


@dataclass(frozen=True, eq=False)
class Batch:
    """The runs of one job, in files that job and caller share: the tasks, and a ledger."""

    file: Path
    tasks: tuple[Task, ...]

    @property
    def ledger(self) -> Ledger:
        """The entries of the runs that have ended."""
        return ledger_of(self.file)


def ledger_of(file: Path) -> Ledger:
    """The ledger beside a batch's file."""
    return Ledger(file.with_suffix(".ledger.jsonl"))


def write_job(folder: Path, number: int, tasks: Sequence[Task]) -> Batch:
    """Writes a batch, one line of JSON per run."""
    file = folder / f"{number:05}.jsonl"
    write_file(file, "".join(json.dumps(asdict(task), ensure_ascii=False) + "\n" for task in tasks))
    return Batch(file, tuple(tasks))


class BatchJob:
    """What a job does: makes each run of its batch and adds its entry to the ledger."""

    def __init__(self, work: Callable[[Task], Entry]) -> None:
        self.work = work

    def __call__(self, settings: Any) -> None:
        file = Path(settings.batch)
        with file.open(encoding="utf-8") as lines, ledger_of(file).locked() as ledger:
            for line in lines:
                ledger.append(self.work(Task(**json.loads(line))))


def launch(
    batches: Sequence[Batch], work: Callable[[Task], Entry], overrides: Sequence[str]
) -> list[Any]:
    """Launches a job per batch by the launcher that `overrides` choose; returns their results."""
    from hydra._internal.callbacks import Callbacks
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.plugins import Plugins
    from hydra.types import HydraContext, RunMode

    own = [text for text in overrides if text.lstrip("+").startswith(("hydra.", "hydra/"))]
    folder = batches[0].file.parent
    quiet = ["hydra/job_logging=none", "hydra.output_subdir=null"]
    folders = [f"hydra.sweep.dir={quoted(folder)}", "hydra.sweep.subdir=${hydra.job.num}"]
    with hydra():
        app = GlobalHydra.instance().hydra
        assert app is not None
        config = app.compose_config("config", [*quiet, *folders, *own], RunMode.MULTIRUN)
        launcher = Plugins.instance().instantiate_launcher(
            HydraContext(app.config_loader, Callbacks(config)), BatchJob(work), config
        )
        jobs = [[f"+batch={quoted(batch.file)}"] for batch in batches]
        return list(launcher.launch(jobs, initial_job_idx=int(batches[0].file.stem)))


def quoted(path: Path) -> str:
    """A path as Hydra's grammar reads it.

    >>> quoted(Path("/a b/it's"))
    "'/a b/it\\\\'s'"
    """
    text = str(path).replace("\\", "\\\\").replace("'", "\\'").replace("$", "\\$")
    return f"'{text}'"
