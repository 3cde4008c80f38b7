"""The READMEs say nothing untrue: every link, command, name, number and example in them holds."""

from __future__ import annotations

import csv
import json
import math
import re
import shlex
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.__main__ import main
from pipeline.base.paths import ROOT
from pipeline.compare.__main__ import parser as compare_parser
from pipeline.config.compose import hydra
from pipeline.config.reference.markdown import anchor
from pipeline.config.reference.page import with_reference
from pipeline.config.renamed import RENAMED
from pipeline.laws import RELATIONS
from pipeline.run import run
from pipeline.store.schema import TABLES
from pipeline.sweep.plan.grid import Point
from pipeline.sweep.plan.plan import make_plan
from tests.bench.__main__ import parser as bench_parser
from tests.test_architecture import ROOMS

FOLDERS = ("", "conf/", "experiments/", "outputs/", "pipeline/")
READMES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for folder in FOLDERS
    for name in (f"{folder}README.md", f"{folder}README.pt-BR.md")
}
DOCS = {**READMES, "CHANGELOG.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXAMPLE = ROOT / "outputs" / "example"
LATER = ("experiments/colder.yaml", "outputs/comparisons/")  # made by the reader or by a command


def fenced(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands() -> list[str]:
    """Every command of every README, as written."""
    found: set[str] = set()
    for text in READMES.values():
        lines = [line for block in fenced(text, "sh") for line in block.splitlines()]
        found |= {line.partition(" #")[0].strip() for line in lines}
        inline = re.sub(r"\s+", " ", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        found |= set(re.findall(r"`((?:make|\.venv/bin/python -m pipeline) [^`]+)`", inline))
    return sorted(found - {""})


@cache
def planned(*overrides: str) -> Sequence[Point]:
    """The points of a sweep."""
    with hydra(overrides):
        return make_plan(overrides).points


@pytest.mark.parametrize("command", commands())
def test_every_command_exists_and_its_overrides_compose(command, config_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("my.txt", "minhas.txt"):
        Path(name).write_text("uma frase\n", encoding="utf-8")
    program, *words = shlex.split(command)
    target = ""
    if program == "make":
        target, *settings = words
        assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE), f"no target {target}"
        variables = dict(word.partition("=")[::2] for word in settings)
        assert set(variables) <= {"ARGS", "EXPERIMENT", "EXTRAS", "RESUME", "RUNS"}
        words = shlex.split(variables.get("ARGS", ""))
        if target == "bench":
            bench_parser().parse_args(words)
            return
        if target == "compare":
            compare_parser().parse_args([*shlex.split(variables.get("RUNS", "")), *words])
            return
        if target in ("sweep", "plan") and variables.get("EXPERIMENT") != "colder":
            words = [f"experiment={variables.get('EXPERIMENT', 'ablation')}", *words]
    else:
        assert (program, *words[:1]) == (".venv/bin/python", "-m")
        module, words = words[1], words[2:]
        if module == "pipeline.compare":
            compare_parser().parse_args(words)
            return
        assert module == "pipeline"
    overrides = [word for word in words if not word.startswith("-")]
    if find_spec("submitit") is None:  # an extra; the rest is composed all the same
        overrides = [o for o in overrides if not o.startswith(("hydra/", "hydra."))]
    is_sweep = target in ("sweep", "plan") or "-m" in words
    assert planned(*overrides) if is_sweep else config_of(*overrides)


@pytest.mark.parametrize("name", DOCS)
def test_every_link_leads_somewhere(name):
    here = (ROOT / name).parent
    links = [link for link in re.findall(r"\]\(([^)]+)\)", DOCS[name]) if "://" not in link]
    assert links
    for link in links:
        path, _, section = link.partition("#")
        file = here / path if path else ROOT / name
        assert file.exists(), link
        if section:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert section in map(anchor, headings), link


@pytest.mark.parametrize("name", READMES)
def test_every_path_and_name_in_code_exists(name):
    quoted = re.findall(r"`((?:conf|pipeline|experiments|outputs|tests)/[\w./-]*)`", READMES[name])
    named = [path for path in quoted if path.upper() != path and not re.search("[A-Z]{4}", path)]
    assert not [p for p in named if p not in LATER and not (ROOT / p.partition(":")[0]).exists()]
    settings = re.findall(r"`((?:attention|sweep|figures|projection)\.[a-z_.]+\b)", READMES[name])
    known = {*RENAMED, *re.findall(r"^\| `([\w.]+)`", READMES["conf/README.md"], re.MULTILINE)}
    assert not [s for s in settings if s not in known and not s.endswith(".kind")]


def test_the_reference_is_what_the_code_says():
    """After a change of a setting, its description or a docstring: `make docs`."""
    text = READMES["conf/README.md"]
    assert with_reference(text) == text


def test_every_readme_has_a_portuguese_one_with_the_same_experiments_and_files():
    for folder in FOLDERS:
        english, portuguese = (READMES[f"{folder}README{end}.md"] for end in ("", ".pt-BR"))
        assert "](README.pt-BR.md)" in english
        assert "](README.md)" in portuguese
    for folder in ("experiments/", "outputs/"):
        english, portuguese = (READMES[f"{folder}README{end}.md"] for end in ("", ".pt-BR"))
        named = set(re.findall(r"^\| `([\w./]+)` \|", portuguese, re.MULTILINE))
        assert named <= set(re.findall(r"^\| `([\w./]+)`", english, re.MULTILINE))


def test_the_changelog_has_every_new_name_of_a_setting():
    for old, new in RENAMED.items():
        assert f"| `{old}` | `{new}` |" in DOCS["CHANGELOG.md"]


@pytest.mark.parametrize("name", ["experiments/README.md", "experiments/README.pt-BR.md"])
def test_the_table_of_experiments_is_the_folder(name):
    listed = re.findall(r"^\| `(\w+)` \| .*\? \|$", READMES[name], flags=re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml"))
    laws = re.search(r"holds: +# \w+: (.*), a", READMES[name])
    assert laws
    assert {word for word in RELATIONS if word in laws[1]} == set(RELATIONS)


def test_the_experiment_one_is_taught_to_write_runs(tmp_path, monkeypatch, capsys):
    (text,) = fenced(READMES["experiments/README.md"], "yaml")
    (tmp_path / "colder.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("pipeline.config.experiments.EXPERIMENTS", tmp_path)
    overrides = ["experiment=colder", "plots=[]", "sweep.engine=inline"]
    assert main([*overrides, f"outputs={tmp_path / 'out'}"]) == 0
    printed = capsys.readouterr().out
    assert "6 runs" in printed
    assert "holds" in printed
    assert "FAILS" not in printed


def test_the_portuguese_experiment_is_the_english_one_in_other_words():
    def structure(name: str) -> Any:
        experiment = yaml.safe_load(fenced(READMES[name], "yaml")[0])
        study = experiment["study"]
        words = [study.pop("question"), study.pop("source"), study["holds"][0].pop("claim")]
        assert all(words)
        return experiment

    assert structure("experiments/README.md") == structure("experiments/README.pt-BR.md")


def test_the_trap_is_told_with_its_numbers():
    points = planned("experiment=tied_projections")

    def scalar(projection: str, scale: str, metric: str) -> str:
        wanted = {"projection": projection, "attention.scale": scale, "embeddings.width": 64}
        (point,) = [p for p in points if p.varied == wanted]
        return f"{run(point.job.config).scalars[metric]:.2f}"

    expected = [
        scalar("identity", "sqrt_dk", "self_weight"),
        scalar("identity", "none", "self_weight"),
        scalar("random", "sqrt_dk", "entropy_normalized"),
        scalar("random", "none", "entropy_normalized"),
    ]
    for name in ("experiments/README.md", "experiments/README.pt-BR.md"):
        trap = READMES[name].partition("= K = V\n\n")[2].partition("\n## ")[0]
        assert [n.replace(",", ".") for n in re.findall(r"\d[.,]\d\d", trap)] == expected


def table_of(text: str, heading: str) -> dict[str, str]:
    """The first two columns of the first table below a heading."""
    below = text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)`[^|]* \| (.*?) \|", below, flags=re.MULTILINE))


def test_a_run_leaves_the_files_and_columns_that_are_told(tmp_path):
    overrides = ["stages=[scores]", "metrics=[entropy,key_entropy]", "plots=[]"]
    assert main([*overrides, f"outputs={tmp_path}"]) == 0
    (folder,) = tmp_path.glob("*/*")
    files = table_of(READMES["outputs/README.md"], "## A run")
    written = {path.name + "/" * path.is_dir() for path in folder.iterdir()}
    assert written == set(files) - {"figures/"}
    for name, schema in TABLES.items():
        header = rows(folder / name)[0].keys()
        assert set(schema.columns) <= set(header)
        told = set(re.findall(r"`(\w+)`", files[name]))
        if name == "stages.csv":
            told |= set(TABLES["weights.csv"].columns)
        assert set(schema.columns) <= told, name


def test_a_sweep_leaves_the_files_that_are_told():
    files = table_of(READMES["outputs/README.md"], "## A sweep")
    written = {path.name + "/" * path.is_dir() for path in (EXAMPLE / "ablation").iterdir()}
    assert written - {"report.png"} <= set(files)


def test_the_rooms_are_told_in_the_order_of_imports():
    told = re.findall(r"^\| `(\w+)/` \|", READMES["pipeline/README.md"], flags=re.MULTILINE)
    assert told == [room for room in ROOMS if (ROOT / "pipeline" / room).is_dir()]


def test_what_to_touch_is_there():
    text = READMES["pipeline/README.md"].partition("| to add | touch |")[2].partition("\n## ")[0]
    entries = 0
    for cell in re.findall(r"^\|[^|]*\| (.*) \|$", text, flags=re.MULTILINE):
        paths = [ROOT / path for path in re.findall(r"`((?:pipeline|conf)/[\w./]+)`", cell)]
        files = [f for path in paths for f in ([path] if path.is_file() else path.glob("*.py"))]
        code = "\n".join(file.read_text(encoding="utf-8") for file in files)
        for name in re.findall(r"`([A-Z_]{4,})`", cell):
            assert re.search(rf"^{name}\b", code, flags=re.MULTILINE), f"{name} in {cell}"
            entries += 1
    assert entries > 10


@pytest.mark.parametrize("name", [n for n, text in READMES.items() if fenced(text, "python")])
def test_the_python_examples_run(name, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    for code in fenced(READMES[name], "python"):
        exec(compile(code, name, "exec"), names)
    assert capsys.readouterr().out
    if "runs" in names:
        assert names["runs"]["entropy"].iloc[0] == pytest.approx(1.568531, abs=1e-6)
    # p = 1/(1 + e^(−√2)) on the first key; ∂p/∂T = −(√2/T)·p(1 − p), √2 = 1/(√d_k·T)
    p = 1 / (1 + math.exp(-math.sqrt(2)))
    if "attended" in names:
        assert names["attended"].weights[0, 0] == pytest.approx(p)
    if "gradients" in names:
        gradient = -math.sqrt(2) / 0.5 * p * (1 - p)
        assert names["gradients"].temperature == pytest.approx(gradient)


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV's rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def assert_close(new: list[dict[str, str]], old: list[dict[str, str]]) -> None:
    """The same names and texts; numbers to the digits any machine agrees on."""
    assert len(new) == len(old) > 0
    for ours, theirs in zip(new, old, strict=True):
        assert list(ours) == list(theirs)
        for name, text in ours.items():
            try:
                assert float(text) == pytest.approx(float(theirs[name]), abs=1e-9)
            except ValueError:
                assert text == theirs[name]


def test_the_example_run_is_what_the_command_makes_today(tmp_path):
    assert main([f"outputs={tmp_path}"]) == 0
    (new,) = tmp_path.glob("*/*")
    old = EXAMPLE / "pinguins"
    names, kept = (
        sorted(str(p.relative_to(f)) for p in f.rglob("*") if p.is_file()) for f in (new, old)
    )
    assert names == kept
    for name in ("weights.csv", "metrics.csv", "keys.csv", "figures/heatmap_pinguins.csv"):
        assert_close(rows(new / name), rows(old / name))
    for name in ("reading.md", ".hydra/overrides.yaml"):
        assert (new / name).read_bytes() == (old / name).read_bytes()
    settings = [yaml.safe_load((f / ".hydra/config.yaml").read_text("utf-8")) for f in (new, old)]
    assert settings[0] == settings[1]
    ours, theirs = (json.loads((f / "summary.json").read_text("utf-8")) for f in (new, old))
    assert ours == pytest.approx(theirs, abs=1e-12)


def test_the_example_sweep_is_what_the_command_makes_today(tmp_path):
    overrides = ["experiment=ablation", "plots=[]", "sweep.engine=inline"]
    assert main([*overrides, f"outputs={tmp_path}"]) == 0
    (new,) = (tmp_path / "sweeps").iterdir()
    tables = [rows(folder / "summary.csv") for folder in (new, EXAMPLE / "ablation")]
    for row in (row for table in tables for row in table):
        del row["run"]  # its hash depends on plots=[]
    assert_close(*tables)


def test_the_curves_of_the_first_picture_are_a_factor_of_two_apart():
    """Unscaled at 2T is scaled at T, for d_k = 4."""
    entropy = {
        (row["attention.scale"], float(row["attention.temperature"])): float(row["entropy"])
        for row in rows(EXAMPLE / "ablation" / "summary.csv")
        if row["sentences"] == "pinguins"
    }
    for temperature in (0.25, 0.5, 1.0, 2.0):
        scaled, unscaled = entropy["sqrt_dk", temperature], entropy["none", 2 * temperature]
        assert unscaled == pytest.approx(scaled, abs=1e-12)


def measurements() -> dict[int, list[tuple[list[str], float]]]:
    """n → the ratios of each cell of the table of speed, as written, and their bar."""
    table = re.findall(
        r"^\| ([\d,]+) \|(.* of .*)\|$", READMES["pipeline/README.md"], flags=re.MULTILINE
    )
    cells = {int(n.replace(",", "")): filter(str.strip, row.split("|")) for n, row in table}
    return {
        n: [
            (ratios.strip().split(", "), float(bar))
            for ratios, bar in (c.split(" of ") for c in of)
        ]
        for n, of in cells.items()
    }


def test_a_ratio_is_bold_where_it_misses_its_bar():
    for ratios, bar in (cell for cells in measurements().values() for cell in cells):
        for ratio in ratios:
            assert ratio.startswith("**") == (float(ratio.strip("*")) > bar)


@pytest.mark.oracle
def test_the_bars_are_those_of_the_bench(monkeypatch):
    from tests.bench import mechanism

    monkeypatch.setattr(mechanism, "problem", lambda length, torch: ((), ()))
    monkeypatch.setattr(mechanism, "pair", lambda one, two, length: (1.0, 1.0))
    monkeypatch.setattr(mechanism, "seconds", lambda call: 1.0)
    bars: dict[int, list[float | None]] = {}
    for what, length, _, _, bar in mechanism.rows():
        if "/" in what:
            bars.setdefault(length, []).append(bar)
    assert {n: [bar for _, bar in cells] for n, cells in measurements().items()} == bars
