"""Jobs: batches of runs handed to one of Hydra's launchers, and what a job does with its batch."""

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
    """The runs of one job, as files that job and caller see: what is to be done, and what was."""

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
    """A batch and its file, a line of JSON a run."""
    file = folder / f"{number:05}.jsonl"
    write_file(file, "".join(json.dumps(asdict(task), ensure_ascii=False) + "\n" for task in tasks))
    return Batch(file, tuple(tasks))


class Job:
    """What a job does: every run of its batch, an entry for each as it ends."""

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
    """A job for each batch, by the launcher that `overrides` choose; what it says of each."""
    from hydra._internal.callbacks import Callbacks
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.plugins import Plugins
    from hydra.types import HydraContext, RunMode

    own = [one for one in overrides if one.lstrip("+").startswith(("hydra.", "hydra/"))]
    place = batches[0].file.parent
    quiet = ["hydra/job_logging=none", "hydra.output_subdir=null"]
    folders = [f"hydra.sweep.dir={quoted(place)}", "hydra.sweep.subdir=${hydra.job.num}"]
    with hydra():
        app = GlobalHydra.instance().hydra
        assert app is not None
        config = app.compose_config("config", [*quiet, *folders, *own], RunMode.MULTIRUN)
        launcher = Plugins.instance().instantiate_launcher(
            HydraContext(app.config_loader, Callbacks(config)), Job(work), config
        )
        asked = [[f"+batch={quoted(batch.file)}"] for batch in batches]
        return list(launcher.launch(asked, initial_job_idx=int(batches[0].file.stem)))


def quoted(path: Path) -> str:
    """A path as Hydra's grammar takes it.

    >>> quoted(Path("/a b/it's"))
    "'/a b/it\\\\'s'"
    """
    text = str(path).replace("\\", "\\\\").replace("'", "\\'").replace("$", "\\$")
    return f"'{text}'"
