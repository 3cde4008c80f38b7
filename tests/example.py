"""python -m tests.example: makes outputs/example anew, which the READMEs show and tests check."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from pipeline.__main__ import main as pipeline
from pipeline.store import ROOT

EXAMPLE = ROOT / "outputs" / "example"


def main() -> int:
    """The seed's run whole; of the ablation what its end writes, without its twenty folders."""
    with tempfile.TemporaryDirectory() as scratch:
        for overrides in ([], ["experiment=ablation"]):
            assert pipeline([*overrides, f"outputs={scratch}"]) == 0
        (run,) = Path(scratch).glob("2*/*")
        (sweep,) = Path(scratch).glob("sweeps/*")
        shutil.rmtree(EXAMPLE, ignore_errors=True)
        shutil.copytree(run, EXAMPLE / "pinguins")
        shutil.copytree(sweep, EXAMPLE / "ablation", ignore=shutil.ignore_patterns("runs"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
