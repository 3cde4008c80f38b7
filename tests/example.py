"""python -m tests.example: makes outputs/example anew, which the READMEs show and tests check."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from pipeline.__main__ import main as pipeline
from pipeline.base.paths import ROOT
from tests.compare.page.browser import launched
from tests.compare.page.picture import picture

EXAMPLE = ROOT / "outputs" / "example"


def main() -> int:
    """The seed's run whole; of the ablation what its end writes, and a picture of its page.

    Its twenty folders and the page itself are left out. Needs a Chromium: `make setup-browser`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        for overrides in ([], ["experiment=ablation"]):
            assert pipeline([*overrides, f"outputs={scratch}"]) == 0
        (run,) = Path(scratch).glob("2*/*")
        (sweep,) = Path(scratch).glob("sweeps/*")
        shutil.rmtree(EXAMPLE, ignore_errors=True)
        shutil.copytree(run, EXAMPLE / "pinguins")
        left_out = shutil.ignore_patterns("runs", "report.html")
        shutil.copytree(sweep, EXAMPLE / "ablation", ignore=left_out)
        with launched() as browser:
            (EXAMPLE / "ablation" / "report.png").write_bytes(
                picture(browser, sweep / "report.html")
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
