"""A whole run: from the command line to a folder whose every file can be counted on."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.attention import attend
from pipeline.base.paths import EXPERIMENTS, ROOT
from pipeline.base.threads import blas
from pipeline.config.help import options
from pipeline.metrics import SET_METRICS, run_scalar_names, uniform_name
from pipeline.plots import FIGURE_FORMATS
from pipeline.runs.job import LAST_INPUT
from pipeline.store.schema import FORMAT
from tests.command import DEFAULT_METRICS, Said, contents, pipeline, read_csv
from tests.golden import GOLDEN

TOKENS = list(GOLDEN.tokens)
WEIGHTS = ["sentence", "layer", "head", "query_position", "query", "key_position", "key", "weight"]
ROWS = ["sentence", "layer", "head", "query_position", "query"]


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """The seed's experiment, as `make run` makes it."""
    outputs = tmp_path_factory.mktemp("seed")
    said = pipeline(f"outputs={outputs}")
    assert (said.code, said.err) == (0, "")
    assert said.folder.parent.parent == outputs
    return said


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """A run without figures, by its overrides: its folder."""

    def make(*overrides: str) -> Path:
        said = pipeline("plots=[]", f"outputs={tmp_path}/out", *overrides)
        assert (said.code, said.err) == (0, "")
        return said.folder

    return make


def weights(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Sentence → [H, N, M], as weights.csv holds them."""
    found: dict[str, np.ndarray[Any, Any]] = {}
    for row in read_csv(folder / "weights.csv"):
        found.setdefault(row["sentence"], np.full((16, 64, 64), np.nan))[
            int(row["head"]), int(row["query_position"]), int(row["key_position"])
        ] = float(row["weight"])
    return {name: trimmed(array) for name, array in found.items()}


def trimmed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The corner of a cube that was filled, whole."""
    shape = [int(axis.max()) + 1 for axis in np.nonzero(~np.isnan(array))]
    corner = array[: shape[0], : shape[1], : shape[2]]
    assert not np.isnan(corner).any()
    return corner


def test_all_25_weights_are_the_published_ones(seed: Said) -> None:
    rows = read_csv(seed.folder / "weights.csv")
    printed = [number for line in GOLDEN.printed for number in line]
    assert [f"{float(row['weight']):.8f}".rstrip("0") for row in rows] == printed
    assert [(row["query"], row["key"]) for row in rows] == [(q, k) for q in TOKENS for k in TOKENS]


def test_the_displacement_is_the_published_one(seed: Said) -> None:
    rows = read_csv(seed.folder / "figures" / "displacement_pinguins.csv")
    assert [row["token"] for row in rows] == TOKENS
    found = np.array([[float(x) for x in list(row.values())[2:]] for row in rows])
    expected = np.hstack([GOLDEN.static, GOLDEN.contextual])
    signs = np.sign(found[0, :2] * expected[0, :2])
    np.testing.assert_allclose(found * np.tile(signs, 2), expected, atol=5.0001e-4, rtol=0)


def test_the_folder_holds_these_files_and_no_others(seed: Said) -> None:
    drawn = ("heatmap", "displacement", "entropy")
    figures = {f"figures/{plot}_pinguins.{end}" for plot in drawn for end in ("png", "csv")}
    assert set(contents(seed.folder)) == figures | {
        ".hydra/config.yaml",
        ".hydra/overrides.yaml",
        "embeddings.csv",
        "keys.csv",
        "metrics.csv",
        "reading.md",
        "run.json",
        "summary.json",
        "weights.csv",
    }


def test_the_columns_are_these(seed: Said) -> None:
    by_query = [name for name in DEFAULT_METRICS if name not in SET_METRICS]
    for name, columns, count in (
        ("weights", WEIGHTS, 25),
        ("metrics", [*ROWS, *by_query, *map(uniform_name, by_query)], 5),
        ("keys", ["sentence", "layer", "head", "key_position", "key", "mass", "uniform"], 5),
        (
            "embeddings",
            ["sentence", "layer", "position", "token", "embedding", "x0", "x1", "x2", "x3"],
            10,
        ),
    ):
        rows = read_csv(seed.folder / f"{name}.csv")
        assert list(rows[0]) == columns
        assert len(rows) == count


def test_the_config_kept_is_the_resolved_one_and_makes_the_same_run(
    seed: Said, made: Callable[..., Path]
) -> None:
    assert yaml.safe_load((seed.folder / ".hydra" / "overrides.yaml").read_text()) == []
    folder = made("attention.scale=off", "seed=3")
    kept = yaml.safe_load((folder / ".hydra" / "config.yaml").read_text(encoding="utf-8"))
    assert kept["attention"]["scale"] == "none"
    assert kept["seed"] == 3
    asked = yaml.safe_load((folder / ".hydra" / "overrides.yaml").read_text(encoding="utf-8"))
    assert asked == ["plots=[]", "attention.scale=off", "seed=3"]
    again = made(*asked)
    assert about(again)["key"] == about(folder)["key"]


def about(folder: Path) -> dict[str, Any]:
    """run.json of a folder."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def test_run_json_says_what_made_the_run(seed: Said) -> None:
    found = about(seed.folder)
    assert set(found) == {
        "format", "status", "key", "seed", "choices", "inputs", "code", "commit", "dirty",
        "versions", "seconds", "vectors", "notices", "config", "files",
    }  # fmt: skip
    assert (found["format"], found["status"], found["seed"]) == (FORMAT, "done", 0)
    assert re.fullmatch("[0-9a-f]{64}", found["key"])
    assert 0 < found["seconds"] < 60
    assert found["choices"]["sentences"] == "pinguins"


def test_run_json_is_written_last(made: Callable[..., Path], monkeypatch: Any) -> None:
    order: list[str] = []
    replace = Path.replace

    def noted(path: Path, target: Path) -> Path:
        order.append(target.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", noted)
    folder = made("plots=[entropy]")
    assert order[-1] == "run.json"
    assert sorted(order) == sorted(Path(path).name for path in contents(folder))


def test_the_summary_holds_the_means_of_the_metrics(seed: Said) -> None:
    summary = json.loads((seed.folder / "summary.json").read_text(encoding="utf-8"))
    assert tuple(summary) == run_scalar_names(DEFAULT_METRICS)
    rows = read_csv(seed.folder / "metrics.csv")
    by_query = [name for name in DEFAULT_METRICS if name not in SET_METRICS]
    for name in [*by_query, *map(uniform_name, by_query)]:
        mean = float(np.mean([float(row[name]) for row in rows]))
        assert summary[name] == pytest.approx(mean, rel=1e-14)


def test_contextual_embeddings_are_the_weights_times_the_static_ones(seed: Said) -> None:
    rows = read_csv(seed.folder / "embeddings.csv")
    static, contextual = (
        np.array([[float(row[f"x{k}"]) for k in range(4)] for row in rows if row["embedding"] == e])
        for e in ("static", "contextual")
    )
    np.testing.assert_array_equal(static, GOLDEN.vectors)
    np.testing.assert_allclose(contextual, weights(seed.folder)["pinguins"][0] @ static, rtol=1e-14)


def test_floats_read_back_to_the_very_numbers(seed: Said) -> None:
    expected = attend(GOLDEN.vectors, GOLDEN.vectors, GOLDEN.vectors).weights
    assert weights(seed.folder)["pinguins"][0].tolist() == expected.tolist()
    for name in ("weights", "metrics", "embeddings"):
        for row in read_csv(seed.folder / f"{name}.csv"):
            for cell in row.values():
                if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", cell):
                    assert cell == repr(float(cell))


def test_the_terminal_shows_the_weights_the_scalars_and_last_the_folder(seed: Said) -> None:
    lines = [" ".join(line.split()) for line in seed.out.splitlines()]
    assert lines[0] == "scale sqrt_dk, T = 1"
    assert "Os 0.2919 0.1770 0.1770 0.1770 0.1770" in lines
    assert "joelho 0.1248 0.2057 0.1248 0.2057 0.3391" in lines
    assert "entropy 1.5685 1.6094" in lines  # ln 5, were attention even
    assert lines[-1] == str(seed.folder)


def test_the_same_config_gives_the_same_bytes(seed: Said, tmp_path: Path) -> None:
    formats = f"figures.formats=[{','.join(FIGURE_FORMATS)}]"
    first = pipeline(f"outputs={tmp_path}/a", formats)
    second = pipeline(f"outputs={tmp_path}/b", formats)
    one, two = contents(first.folder), contents(second.folder)
    records = [json.loads(files.pop("run.json")) for files in (one, two)]
    assert list(one) == list(two)
    assert [name for name in one if one[name] != two[name]] == []
    for record in records:
        del record["seconds"]
    assert records[0] == records[1]
    # And what does not depend on the formats is the same as in any other run of that config.
    for name, content in contents(seed.folder).items():
        if name.endswith((".csv", ".png", ".md")):
            assert one[name] == content, name


def test_the_bytes_do_not_depend_on_the_threads_of_blas(tmp_path: Path) -> None:
    """As a machine with more cores has more of them."""
    words = " ".join(f"w{n * n % 61}" for n in range(321))
    (tmp_path / "long.txt").write_text(words, encoding="utf-8")
    asked = [
        "sentences=file", f"sentences.path={tmp_path}/long.txt",
        "embeddings=gaussian", "embeddings.width=75", "layers.count=2",
        "projection=random", "projection.heads=3", "projection.output=random",
        "metrics=[effective_rank,residual_ratio]", "attention.retain=none", "plots=[]",
    ]  # fmt: skip
    found = []
    for threads in (1, 2):
        LAST_INPUT.clear()  # the input is made anew too
        with blas().limit(limits=threads, user_api="blas"):
            found.append(contents(pipeline(f"outputs={tmp_path}/{threads}", *asked).folder))
        del found[-1]["run.json"]  # which holds the seconds
    assert found[0] == found[1]


def test_a_relative_outputs_folder_lies_in_the_repository(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # from wherever the command is called
    monkeypatch.setattr("pipeline.base.paths.ROOT", tmp_path / "repository")
    (tmp_path / "repository").mkdir()
    said = pipeline("plots=[]", "outputs=results")
    assert re.fullmatch(r"results/\d{4}-\d\d-\d\d/[\d.-]+_pinguins", str(said.folder))
    assert (tmp_path / "repository" / said.folder / "run.json").exists()


def test_from_another_folder_with_a_file_of_sentences(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text(
        "\ufeffo gato, o rato\n\n  a lua  \n", encoding="utf-8"
    )  # as an editor on Windows leaves it
    done = subprocess.run(
        [
            sys.executable, "-m", "pipeline", "sentences=file", "sentences.path=mine.txt",
            "sentences.split_punctuation=true", "embeddings=one_hot", "plots=[]", "outputs=out",
            f"outputs={tmp_path}/out",
        ],
        capture_output=True, encoding="utf-8", cwd=tmp_path, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )  # fmt: skip
    folder = Path(done.stdout.splitlines()[-1])
    assert done.stderr == ""
    tokens: dict[str, dict[int, str]] = {}
    for row in read_csv(folder / "weights.csv"):
        tokens.setdefault(row["sentence"], {})[int(row["query_position"])] = row["query"]
    assert {name: list(found.values()) for name, found in tokens.items()} == {
        "file-1": ["o", "gato", ",", "o", "rato"],
        "file-2": ["a", "lua"],
    }
    assert list(about(folder)["inputs"]) == ["mine.txt"]


def test_several_sentences_and_heads(made: Callable[..., Path]) -> None:
    folder = made(
        "sentences.text=[Os pinguins,[tem,joelho,tem]]", "projection=random", "projection.heads=2"
    )
    found = weights(folder)
    assert {name: array.shape for name, array in found.items()} == {
        "pinguins-1": (2, 2, 2),
        "pinguins-2": (2, 3, 3),
    }
    for array in found.values():
        np.testing.assert_allclose(array.sum(axis=-1), 1.0, rtol=1e-14)
        assert np.abs(array[0] - array[1]).max() > 1e-3  # heads of their own
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    rows = read_csv(folder / "metrics.csv")
    assert len(rows) == 2 * (2 + 3)
    by_sentence = [
        np.mean([float(row["entropy"]) for row in rows if row["sentence"] == name])
        for name in found
    ]
    # A sentence counts once, however long it is.
    assert summary["entropy"] == pytest.approx(float(np.mean(by_sentence)), rel=1e-14)
    assert (folder / "reading.md").read_text(encoding="utf-8").count("# Reading of ") == 2


def test_names_and_tokens_may_hold_anything(made: Callable[..., Path]) -> None:
    folder = made(
        'sentences.name="../a/<b>"',
        """sentences.text=[["a,b","\\"q\\"","[red]x","$x$","c\td"]]""",
        "embeddings=one_hot",
        "plots=[heatmap]",
    )
    assert "/../" not in str(folder)
    assert [path.suffix for path in sorted((folder / "figures").iterdir())] == [".csv", ".png"]
    rows = read_csv(folder / "weights.csv")
    assert [row["key"] for row in rows[:5]] == ["a,b", '"q"', "[red]x", "$x$", "c\td"]
    assert rows[0]["sentence"] == "../a/<b>"


def test_metrics_and_plots_may_be_left_out(made: Callable[..., Path]) -> None:
    folder = made("metrics=[]", "plots=[entropy]", "figures.formats=[svg]")
    assert list(read_csv(folder / "metrics.csv")[0]) == ROWS
    assert json.loads((folder / "summary.json").read_text()) == {}
    # A plot brings what it draws.
    assert sorted(path.name for path in (folder / "figures").iterdir()) == [
        "entropy_pinguins.csv",
        "entropy_pinguins.svg",
    ]


def test_a_run_that_hardly_moves_its_tokens_says_so(tmp_path: Path) -> None:
    said = pipeline(
        "plots=[]", "embeddings=gaussian", "embeddings.width=1024", f"outputs={tmp_path}/out"
    )
    notice = "pinguins: the weights are nearly the identity"
    assert f"Notice: {notice}" in said.out
    assert about(said.folder)["notices"][0].startswith(notice)
    assert f"**Notice:** {notice}" in (said.folder / "reading.md").read_text(encoding="utf-8")


def test_a_full_disk_leaves_no_half_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if "summary" in path.name:  # nearly all is written by then
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    said = pipeline("plots=[]", f"outputs={tmp_path}/out")
    assert (said.code, said.out) == (2, "")
    assert re.fullmatch(
        rf"outputs: cannot write to {re.escape(str(tmp_path))}/out/\S+ "
        r"\(No space left on device\); set outputs= to another place\n",
        said.err,
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_cfg_shows_the_config_and_runs_nothing(tmp_path: Path) -> None:
    said = pipeline("attention.scale=off", "--cfg", "job", f"outputs={tmp_path}/out")
    shown = yaml.safe_load(said.out)
    assert shown["attention"]["scale"] == "none"
    assert shown["outputs"] == f"{tmp_path}/out"
    assert not (tmp_path / "out").exists()


def test_help_names_every_choice() -> None:
    for flag in ("--help", "-h"):
        said = pipeline("foo=1", flag)
        assert (said.code, said.err) == (0, "")
    words = set(re.findall(r"[\w.]+", said.out))
    for group in ("sentences", "embeddings", "projection", "attention"):
        assert {group, *options(group)} <= words
    assert {path.stem for path in EXPERIMENTS.glob("*.yaml")} <= words
    assert {"temperature", "seed", "metrics", "plots", "dpi"} <= words


def test_overrides_and_options_come_in_any_order(tmp_path: Path) -> None:
    said = pipeline("seed=1", "--cfg", "job", "language=pt")
    assert yaml.safe_load(said.out)["language"] == "pt"


def test_interrupted_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.runs.job.read", interrupt)
    said = pipeline("plots=[]", f"outputs={tmp_path}/out")
    assert (said.code, said.out, said.err) == (130, "", "Interrupted.\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_reader_may_leave_early(tmp_path: Path) -> None:
    # As in `python -m pipeline | true`: no traceback, no failure, and the run is whole.
    reading, writing = os.pipe()
    os.close(reading)
    words = ["plots=[]", f"outputs={tmp_path}/out"]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        stdout=writing, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "out").glob("*/*/run.json"))) == 1


def imported(words: Sequence[str]) -> set[str]:
    """The modules that a command imports, by -X importtime."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pipeline", *words],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_help_imports_nothing_heavy() -> None:
    found = imported(["--help"])
    assert "pipeline.config.help" in found
    heavy = {"seaborn", "sklearn", "pandas", "matplotlib", "hydra", "scipy"}
    assert found & heavy == set()


def test_a_run_imports_no_more_than_it_needs(tmp_path: Path) -> None:
    found = imported([f"outputs={tmp_path}/out"])
    assert "matplotlib.figure" in found
    assert found & {"seaborn", "sklearn", "pandas", "matplotlib.pyplot", "pipeline.sweep"} == set()
    assert "matplotlib" not in imported(["plots=[]", f"outputs={tmp_path}/out"])
