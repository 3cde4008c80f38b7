"""Every YAML of conf/ and experiments/ composes, passes validation and runs."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.base.paths import EXPERIMENTS, ROOT
from pipeline.config.schema.study import Study
from tests.command import contents, pipeline, read_csv

CONF = ROOT / "conf"
FILES = sorted(CONF.glob("*/*.yaml"))
STUDIES = sorted(EXPERIMENTS.glob("*.yaml"))
FIGURES_OF = "temperature"  # the experiment whose figures are drawn here
# What a file needs beside it to make a run.
COMPANY = {
    "sentences": ["embeddings=one_hot"],
    "sentences/file": ["sentences.path={tmp}/mine.txt", "embeddings=one_hot"],
    "embeddings": ["sentences=penguins"],
    "embeddings/handmade": [],
}


def read(path: Path) -> dict[str, Any]:
    """A YAML file."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def named(path: Path) -> str:
    """group/option, for the name of a test."""
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=pytest.mark.extra if p.stem == "glove_full" else ()) for p in FILES],
    ids=named,
)
def test_every_file_of_conf_runs(path: Path, tmp_path: Path) -> None:
    group = path.parent.name
    (tmp_path / "mine.txt").write_text("a lua\n", encoding="utf-8")
    company = COMPANY.get(named(path), COMPANY.get(group, []))
    said = pipeline(
        f"{group}={path.stem}",
        *(word.replace("{tmp}", str(tmp_path)) for word in company),
        "plots=[]",
        f"outputs={tmp_path}/out",
    )
    assert (said.code, said.err) == (0, "")
    about = json.loads((said.folder / "run.json").read_text(encoding="utf-8"))
    assert about["choices"][group] == path.stem
    kept = read(said.folder / ".hydra" / "config.yaml")[group]
    for key, value in read(path).items():  # what the file says is what was run
        if (group, key) not in {
            ("sentences", "text"),
            ("sentences", "keys"),
            ("sentences", "path"),
        }:
            assert kept[key] == value, key


@pytest.mark.parametrize("path", [CONF / "config.yaml", *FILES, *STUDIES], ids=named)
def test_every_file_says_first_what_it_is_for(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_a_set_of_sentences_is_called_like_its_file() -> None:
    # Its folder, its table and the command line then speak of one thing.
    for path in (CONF / "sentences").glob("*.yaml"):
        assert read(path)["name"] == path.stem


def test_there_is_a_long_sentence() -> None:
    assert len(read(CONF / "sentences" / "long.yaml")["text"].split()) >= 60


def size(grid: dict[str, Any]) -> int:
    """How many runs a grid of plain lists holds."""
    return len(list(itertools.product(*grid.values())))


QUICK = ("ablation", "tied_projections")  # the others run among the slow tests


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] * (path.stem not in QUICK)) for path in STUDIES],
    ids=named,
)
def test_every_experiment_runs_and_its_laws_hold(path: Path, tmp_path: Path) -> None:
    content = read(path)
    study = Study.model_validate(content["study"])
    plots = ["figures.dpi=40"] if path.stem == FIGURES_OF else ["plots=[]"]
    said = pipeline(f"experiment={path.stem}", *plots, f"outputs={tmp_path}/out")
    assert said.code == 0
    assert said.folder.name.endswith(f"_{path.stem}")
    assert " ".join(study.question.split()) in " ".join(said.out.split())
    assert len(read_csv(said.folder / "summary.csv")) == size(study.grid)
    plan = json.loads((said.folder / "plan.json").read_text(encoding="utf-8"))
    alone = [run["run"] for run in plan["runs"] if "same_as" not in run]
    assert sorted(path.name for path in (said.folder / "runs").iterdir()) == sorted(alone)
    assert study.holds, "an experiment says what must hold"
    verdicts = read_csv(said.folder / "verdicts.csv")
    assert [row["claim"] for row in verdicts] == [law.claim for law in study.holds]
    assert [row["claim"] for row in verdicts if row["holds"] != "True"] == []
    assert all(int(row["checked"]) > 0 for row in verdicts)
    figures = [name for name in contents(said.folder) if name.endswith(".png")]
    drawn = len(content.get("plots", [])) * len(alone) + 1  # and the curve
    assert len(figures) == (drawn if path.stem == FIGURES_OF else 0)
