"""python -m pipeline: compose, validate, run."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from threading import Thread
from typing import TYPE_CHECKING

from pipeline.base.command import Parser, guarded

if TYPE_CHECKING:
    from pipeline.config.compose import Composed

USAGE = "python -m pipeline [-m [--plan] [--resume SWEEP]] [OVERRIDE …]"


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 done, 1 some runs of a sweep failed, 2 a `UserError`."""
    arguments = parser().parse_intermixed_args(argv)
    if arguments.help:
        from pipeline.config.help import help_text

        print(help_text(USAGE))
        return 0
    return guarded(lambda: start(arguments), debug=arguments.debug)


def parser() -> Parser:
    """The options, named as Hydra names them where it has them."""
    parser = Parser("python -m pipeline", USAGE, add_help=False, allow_abbrev=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("--resume", metavar="SWEEP")
    parser.add_argument("--anyway", action="store_true")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("-c", "--cfg", choices=["job"])
    parser.add_argument("--debug", action="store_true")
    return parser


def start(arguments: argparse.Namespace) -> int:
    """Composes, then shows the config, sweeps, or makes one run."""
    from pipeline.store.provenance import provenance

    Thread(target=provenance).start()  # runs git and hashes the code while Hydra composes
    from pipeline.config.compose import compose, hydra

    if arguments.resume is not None:
        return resume(arguments)
    with hydra(arguments.overrides):
        if not arguments.multirun:
            composed = compose(arguments.overrides)
            if arguments.cfg:
                print(as_shown(composed), end="")
                return 0
            if not arguments.plan and not is_sweep(composed):
                return run_one(composed)
        from pipeline.sweep.plan.plan import make_plan

        plan = make_plan(arguments.overrides)
    if arguments.plan:
        from pipeline.sweep.preview import preview

        return preview(plan)
    from pipeline.sweep.execute.execute import sweep

    return sweep(plan)


def resume(arguments: argparse.Namespace) -> int:
    """Resumes a sweep: makes what is missing or failed."""
    from pipeline.config.compose import hydra
    from pipeline.sweep.execute.execute import carry_out
    from pipeline.sweep.plan.plan import make_plan
    from pipeline.sweep.resume import find_sweep, resumed_overrides, resumed_plan

    folder = find_sweep(arguments.resume, arguments.overrides)
    overrides = resumed_overrides(folder, arguments.overrides)
    with hydra(overrides):
        plan = make_plan(overrides)
    plan = resumed_plan(plan, folder, arguments.anyway)
    if arguments.plan:
        from pipeline.sweep.preview import preview

        return preview(plan, folder)
    return carry_out(plan, folder, arguments.anyway)


def is_sweep(composed: Composed) -> bool:
    """Whether a configuration is a sweep without -m: it has a study, a condition or repeats."""
    settings = composed.settings
    return settings.study is not None or settings.where is not None or settings.repeats != 1


def as_shown(composed: Composed) -> str:
    """The configuration, validated, as YAML."""
    from pipeline.base.serialize import to_yaml
    from pipeline.config.validate import validate

    return to_yaml(validate(composed.resolved()).model_dump(mode="json"))


def run_one(composed: Composed) -> int:
    """One run into a folder of its own; the folder's path is the last line printed."""
    from pipeline.base.paths import ROOT, display_path
    from pipeline.config.validate import validate
    from pipeline.run import describe
    from pipeline.runs.job import Job, compute, record
    from pipeline.runs.show import show_result
    from pipeline.store.atomic import remove_on_error
    from pipeline.store.layout import claim_run

    config = validate(composed.resolved())
    job = Job(config, composed.choices, composed.overrides)
    result, seconds = compute(job)
    with remove_on_error(claim_run(ROOT / config.outputs, config.name)) as folder:
        record(job, result, folder, seconds)
    show_result(result, describe(config))
    print(display_path(folder))
    return 0


if __name__ == "__main__":
    gc.set_threshold(50_000)  # of the time, collecting would take a tenth after the imports
    code = main()
    gc.freeze()  # so that exit does not collect either
    sys.exit(code)
