"""The READMEs say nothing untrue: every command, path, name, number and example in them holds."""

from __future__ import annotations

import csv
import json
import math
import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipeline.__main__ import main
from pipeline.attention import (
    BIASES,
    MASKS,
    NORMALIZERS,
    ORDERS,
    QK_NORMS,
    RETAIN,
    ROTATIONS,
    SCALES,
    STAGES,
)
from pipeline.base.paths import ROOT
from pipeline.compare.__main__ import parser as compare_parser
from pipeline.config.compose import compose, hydra
from pipeline.config.schema.config import KINDS_OF
from pipeline.config.validate import validate
from pipeline.embed import POSITIONS, SOURCES, UNKNOWN
from pipeline.laws import RELATIONS
from pipeline.metrics import METRICS, POOLINGS
from pipeline.model import OUTPUTS
from pipeline.plots import FORMATS, PLOTS, STYLES
from pipeline.prose.reading import LANGUAGES
from pipeline.sweep.plan.plan import make_plan
from tests.bench.__main__ import parser as bench_parser

READMES = {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.pt-BR.md")
}
ENGLISH = READMES["README.md"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXAMPLE = ROOT / "outputs" / "example"


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands() -> list[str]:
    """Every command of every README, as written."""
    lines = [
        line
        for text in READMES.values()
        for block in blocks(text, "sh")
        for line in block.splitlines()
    ]
    inline = [
        c
        for text in READMES.values()
        for c in re.findall(r"`(make [^`]+)`", text.replace("\n", " "))
    ]
    return sorted({line.partition("#")[0].strip() for line in lines if line.strip()} | set(inline))


def settings_cell(name: str) -> set[str]:
    """The backticked names in the right-hand cell of a setting's row."""
    row = re.search(rf"^\| `{re.escape(name)}` \|(.*)\|$", ENGLISH, flags=re.MULTILINE)
    assert row, f"no row for {name}"
    return set(re.findall(r"`([a-z0-9_]+)`", row[1]))


@pytest.mark.parametrize("command", commands())
def test_every_command_exists_and_its_overrides_compose(command, tmp_path, monkeypatch):
    words = shlex.split(command)
    monkeypatch.chdir(tmp_path)
    for name in ("my.txt", "minhas.txt"):
        Path(name).write_text("uma frase\n", encoding="utf-8")
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", MAKEFILE, flags=re.MULTILINE), f"no target {words[1]}"
        given = dict(word.partition("=")[::2] for word in words[2:])
        assert set(given) <= {"ARGS", "EXPERIMENT", "EXTRAS", "RESUME", "RUNS"}
        overrides = shlex.split(given.get("ARGS", ""))
        if words[1] == "compare":
            compare_parser().parse_args([*shlex.split(given.get("RUNS", "")), *overrides])
            return
        if words[1] == "bench":
            bench_parser().parse_args(overrides)
            return
        if words[1] in ("sweep", "plan"):
            experiment = given.get("EXPERIMENT", "ablation")
            if experiment != "colder":  # the one that the README teaches to write
                overrides = [f"experiment={experiment}", *overrides]
    elif words[2] == "pipeline.compare":
        compare_parser().parse_args(words[3:])
        return
    else:
        assert words[:3] == [".venv/bin/python", "-m", "pipeline"]
        overrides = [word for word in words[3:] if not word.startswith("-")]
    if find_spec("submitit") is None:  # an extra; what is run is composed all the same
        overrides = [one for one in overrides if not one.startswith(("hydra/", "hydra."))]
    with hydra(overrides):
        assert make_plan(overrides).points


@pytest.mark.parametrize("name", READMES)
def test_every_path_exists(name):
    text = READMES[name]
    linked = [p for p in re.findall(r"\]\(([^)]+)\)", text) if not p.startswith("http")]
    quoted = re.findall(r"`((?:conf|pipeline|experiments|outputs)/[\w./-]*)`", text)
    made = ("experiments/colder.yaml", "outputs/comparisons/")  # by who reads, or by a command
    missing = [p for p in linked + quoted if p not in made and not (ROOT / p).exists()]
    assert not missing
    assert linked


def options(group: str) -> set[str]:
    return {path.stem for path in (ROOT / "conf" / group).glob("*.yaml")}


@pytest.mark.parametrize(
    ("setting", "names"),
    {
        "sentences": options("sentences"),
        "embeddings": options("embeddings"),
        "projection": options("projection"),
        "attention": options("attention"),
        "projection.output": set(OUTPUTS),
        "embeddings.unknown": set(UNKNOWN),
        "embeddings.positions": set(POSITIONS),
        "attention.scale": {*SCALES, "on", "off"},
        "attention.qk_norm": set(QK_NORMS),
        "attention.rotation": set(ROTATIONS),
        "attention.bias": set(BIASES),
        "attention.mask": set(MASKS),
        "attention.normalizer": set(NORMALIZERS),
        "metrics": set(METRICS),
        "plots": {*PLOTS, "paper"},
        "figures.style": set(STYLES),
        "figures.formats": set(FORMATS),
        "figures.pooling": set(POOLINGS),
        "stages": set(STAGES),
        "attention.retain": set(RETAIN),
        "attention.order": set(ORDERS),
        "language": set(LANGUAGES),
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_settings_table_names_every_choice_and_no_other(setting, names):
    assert settings_cell(setting) == names


@pytest.mark.parametrize(
    "override",
    [
        f"{setting}={spec}"
        for setting, cell in re.findall(r"^\| `(attention\.\w+)` \|(.*)\|$", ENGLISH, re.MULTILINE)
        for spec in re.findall(r"`(\{[^`…]+\})`", cell)
    ],
)
def test_every_variant_the_settings_table_writes_out_runs(override, tmp_path):
    assert main(["plots=[]", f"outputs={tmp_path}", override]) == 0


def test_the_table_of_experiments_is_the_folder():
    listed = set(re.findall(r"^\| `(\w+)` \| .*\?", ENGLISH, flags=re.MULTILINE))
    assert listed == {path.stem for path in (ROOT / "experiments").glob("*.yaml")}


def test_every_law_is_named():
    sentence = re.search(r"# what must: (.*), along", ENGLISH)
    assert sentence
    assert set(re.findall(r"\w+", sentence[1])) - {"or"} == set(RELATIONS)


def test_the_dicts_to_touch_exist():
    for folder, names in re.findall(
        r"\| `(pipeline/[\w/.]+)`, its entr(?:y|ies) in (.*?)[,|]", ENGLISH
    ):
        place = ROOT / folder
        files = [place] if place.is_file() else list(place.glob("*.py"))
        text = "\n".join(file.read_text(encoding="utf-8") for file in files)
        for name in re.findall(r"`([A-Z_]+)`", names):
            assert re.search(rf"^{name}\b", text, flags=re.MULTILINE), f"{name} is not in {folder}"
    assert KINDS_OF
    assert SOURCES


def test_the_python_example_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = blocks(ENGLISH, "python")
    made: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), made)
    assert "1.568531" in capsys.readouterr().out
    # p = 1/(1 + e^(−√2)) on the first key; ∂p/∂T = −(√2/T)·p(1 − p), √2 = 1/(√d_k·T)
    assert made["attended"].weights[0, 0] == pytest.approx(p := 1 / (1 + math.exp(-math.sqrt(2))))
    assert made["gradients"].temperature == pytest.approx(-math.sqrt(2) / 0.5 * p * (1 - p))


def test_the_experiment_one_is_taught_to_write_runs(tmp_path, monkeypatch, capsys):
    (text,) = blocks(ENGLISH, "yaml")
    written = tmp_path / "experiments"
    written.mkdir()
    (written / "colder.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("pipeline.config.compose.EXPERIMENTS", written)
    assert main(["experiment=colder", "plots=[]", f"outputs={tmp_path / 'out'}"]) == 0
    assert "6 runs" in (out := capsys.readouterr().out)
    assert "holds" in out
    assert "FAILS" not in out


def test_the_trap_is_told_with_its_numbers():
    overrides = ["experiment=tied_projections", "plots=[]"]
    with hydra(overrides):
        points = make_plan(overrides).points
    from pipeline.run import run

    def measured(projection: str, scale: str, metric: str) -> str:
        (point,) = [
            p
            for p in points
            if p.varied
            == {"projection": projection, "attention.scale": scale, "embeddings.width": 64}
        ]
        return f"{run(point.job.config).scalars[metric]:.2f}"

    told = re.search(
        r"the weight on itself is\s+(\S+) with the scale and (\S+) without; .* entropy is (\S+)\s+"
        r"with it and (\S+) without\.",
        ENGLISH,
        flags=re.DOTALL,
    )
    assert told
    assert told.groups() == (
        measured("identity", "sqrt_dk", "self_weight"),
        measured("identity", "none", "self_weight"),
        measured("random", "sqrt_dk", "entropy_normalized"),
        measured("random", "none", "entropy_normalized"),
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_example_is_what_the_commands_make_today(tmp_path):
    """Names, tokens and structure to the letter; numbers to the digits any machine agrees on."""
    assert main([f"outputs={tmp_path / 'run'}"]) == 0
    (made,) = (tmp_path / "run").glob("*/*")
    kept = EXAMPLE / "pinguins"
    assert names_below(made) == names_below(kept)
    for name in ("weights.csv", "metrics.csv", "embeddings.csv", "figures/heatmap_pinguins.csv"):
        close(rows(made / name), rows(kept / name))
    assert (made / "reading.md").read_text("utf-8") == (kept / "reading.md").read_text("utf-8")
    for name in (".hydra/config.yaml", "summary.json"):
        assert len((made / name).read_text("utf-8")) > 100
    new, old = (json.loads((f / "summary.json").read_text("utf-8")) for f in (made, kept))
    assert new == pytest.approx(old, abs=1e-12)


def test_the_pictured_sweep_is_what_make_sweep_makes_today(tmp_path):
    assert main(["experiment=ablation", "plots=[]", f"outputs={tmp_path}"]) == 0
    (made,) = (tmp_path / "sweeps").iterdir()
    drop = ("run",)  # its hash depends on plots=[]
    new = [{k: v for k, v in row.items() if k not in drop} for row in rows(made / "summary.csv")]
    old = rows(EXAMPLE / "ablation" / "summary.csv")
    close(new, [{k: v for k, v in row.items() if k not in drop} for row in old])


def names_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def close(new: list[dict[str, str]], old: list[dict[str, str]]) -> None:
    assert len(new) == len(old) > 0
    for one, two in zip(new, old, strict=True):
        assert list(one) == list(two)
        for key in one:
            try:
                assert float(one[key]) == pytest.approx(float(two[key]), abs=1e-9)
            except ValueError:
                assert one[key] == two[key]


def test_the_curves_are_a_factor_of_two_apart_as_told():
    """The first picture's caption: unscaled at 2T is scaled at T, for d_k = 4."""
    table = {
        (r["attention.scale"], float(r["attention.temperature"])): float(r["entropy"])
        for r in rows(EXAMPLE / "ablation" / "summary.csv")
        if r["sentences"] == "pinguins"
    }
    for temperature in (0.25, 0.5, 1.0, 2.0):
        scaled, unscaled = table["sqrt_dk", temperature], table["none", 2 * temperature]
        assert unscaled == pytest.approx(scaled, abs=1e-12)


def test_the_default_config_is_the_seeds():
    with hydra():
        config = validate(compose([]).resolved())
    assert config.sentences.text == ("Os pinguins não tem joelho",)


@pytest.mark.oracle
def test_the_bench_is_quoted_with_its_own_bars(monkeypatch):
    from tests.bench import mechanism

    monkeypatch.setattr(mechanism, "problem", lambda length, torch: ((), ()))
    monkeypatch.setattr(mechanism, "pair", lambda one, two, length: (1.0, 1.0))
    monkeypatch.setattr(mechanism, "seconds", lambda call: 1.0)
    bars: dict[int, list[float | None]] = {}
    for what, length, _, _, bar in mechanism.rows():
        if "/" in what:
            bars.setdefault(length, []).append(bar)
    quoted: dict[int, list[float]] = {}
    for row in re.findall(r"^\|( [\d,]+ \|.* of .*)\|$", ENGLISH, flags=re.MULTILINE):
        of, *cells = (cell.strip() for cell in row.split("|"))
        for cell in filter(None, cells):
            *ratios, its_bar = re.split(", | of ", cell)
            for ratio in ratios:
                assert ratio.startswith("**") == (float(ratio.strip("*")) > float(its_bar))
            quoted.setdefault(int(of.replace(",", "")), []).append(float(its_bar))
    assert quoted == bars
