"""The command: what it prints, what it writes, and what it says of bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.metrics import scalar_names
from tests.command import DEFAULT_METRICS, compare, contents, pipeline, read_csv, run_sweep

TABLES = ["comparison.csv", "comparison.md", "comparison.tex"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The seed's experiment scaled, unscaled and at another temperature."""
    folder = tmp_path_factory.mktemp("runs")
    return [
        pipeline(override, "plots=[]", f"outputs={folder}").folder
        for override in ("seed=0", "attention.scale=none", "attention.temperature=3")
    ]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Comparisons go below a folder of the test's own, and the newest sweep is looked for there."""
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    monkeypatch.setattr("pipeline.store.read.find.ROOT", tmp_path)
    return tmp_path


def entropy(run: Path) -> float:
    """The mean entropy of a run."""
    return float(json.loads((run / "summary.json").read_text(encoding="utf-8"))["entropy"])


def test_many_runs_are_a_table_and_a_csv(runs: list[Path], root: Path) -> None:
    said = compare(*runs)
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(
        r"outputs/comparisons/\d{4}-\d\d-\d\d_[\d.-]+_comparison",
        said.folder.relative_to(root).as_posix(),
    )
    assert list(contents(said.folder)) == [*TABLES, "report.html"]
    rows = read_csv(said.folder / "comparison.csv")
    metrics = scalar_names(DEFAULT_METRICS)
    assert list(rows[0]) == [
        "run", "attention.scale", "attention.temperature", *metrics,
        *(f"{name}_change" for name in metrics),
    ]  # fmt: skip
    assert [row["run"] for row in rows] == [str(run) for run in runs]
    assert [row["attention.scale"] for row in rows] == ["sqrt_dk", "none", "sqrt_dk"]
    for row, run in zip(rows, runs, strict=True):
        assert float(row["entropy"]) == entropy(run)
        assert float(row["entropy_change"]) == entropy(run) - entropy(runs[0])
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "3 runs" in lines
    assert any(line.startswith(f"none 1 {entropy(runs[1]):.4f} ") for line in lines)


def test_a_baseline_by_part_of_its_name(runs: list[Path]) -> None:
    name = runs[1].name
    said = compare(*runs, "--baseline", name[:-3])
    rows = read_csv(said.folder / "comparison.csv")
    for row, run in zip(rows, runs, strict=True):
        assert float(row["entropy_change"]) == entropy(run) - entropy(runs[1])
    title = f"3 runs, metrics as differences from {name}"
    assert title in [" ".join(line.split()) for line in said.out.splitlines()]
    change = entropy(runs[0]) - entropy(runs[1])
    shown = [" ".join(line.split()) for line in said.out.splitlines()]
    assert any(line.startswith(f"sqrt_dk 1 {change:.4f} ") for line in shown)


def weights(run: Path) -> dict[tuple[str, str], float]:
    """(query, key) → weight."""
    return {
        (row["query"], row["key"]): float(row["weight"]) for row in read_csv(run / "weights.csv")
    }


@pytest.mark.parametrize("base", [0, 1])
def test_two_runs_are_subtracted(runs: list[Path], base: int) -> None:
    said = compare(*runs[:2], "--baseline", runs[base].name)
    assert said.code == 0
    name = "figures/difference_pinguins"
    shared = "figures/displacement_pinguins"
    assert list(contents(said.folder)) == [
        *TABLES, f"{name}.csv", f"{name}.png", f"{shared}.csv", f"{shared}.png",
        "pairs.csv", "report.html", "rows.csv",
    ]  # fmt: skip
    before, after = weights(runs[base]), weights(runs[1 - base])
    rows = read_csv(said.folder / f"{name}.csv")
    assert list(rows[0]) == ["head", "query_position", "query", "key_position", "key", "change"]
    assert {(row["query"], row["key"]): float(row["change"]) for row in rows} == {
        cell: after[cell] - before[cell] for cell in before
    }
    # Unscaled, a token keeps more to itself: the sign, by hand.
    itself = [float(row["change"]) for row in rows if row["query"] == row["key"]]
    assert all(change * (1 - 2 * base) > 0 for change in itself)


def test_two_runs_stand_side_by_side(runs: list[Path]) -> None:
    said = compare(*runs[:2])
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[:2] == [f"baseline: {runs[0]}", f"run: {runs[1]}"]
    assert "attention.scale sqrt_dk none" in lines
    one, two = entropy(runs[0]), entropy(runs[1])
    share = 100 * (two - one) / one
    assert f"entropy {one:.4f} {two:.4f} {two - one:.4f} {share:+.1f} %" in lines
    assert lines[lines.index("Weights that moved most") + 2] == "joelho joelho 0.3391 0.4984 0.1593"


def test_the_same_settings_are_said_to_be_the_same(runs: list[Path], tmp_path: Path) -> None:
    again = pipeline("plots=[]", f"outputs={tmp_path}/again").folder
    said = compare(runs[0], again)
    assert "The runs have the same settings." in said.out.splitlines()
    rows = read_csv(said.folder / "figures" / "difference_pinguins.csv")
    assert {row["change"] for row in rows} == {"0.0"}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("sentences.text=[[x]]", "Weights of pinguins not subtracted: no token in common."),
        (
            "sentences.text=[[Os],[tem]]",
            "Weights of pinguins-2 not subtracted: only in the run.",
        ),
        (
            "sentences.text=[[Os,tem,gato]]",
            "No partner for 'gato' (query and key 2 of pinguins), which is only in the run.",
        ),
    ],
)
def test_what_has_no_partner_is_said(
    runs: list[Path], tmp_path: Path, override: str, said: str
) -> None:
    words = [override, "embeddings.unknown=seeded", "plots=[]", f"outputs={tmp_path}/other"]
    found = compare(runs[0], pipeline(*words).folder)
    assert found.code == 0
    assert said in found.out.splitlines()


def test_a_sentence_of_another_name_is_paired_by_its_place(
    runs: list[Path], tmp_path: Path
) -> None:
    other = pipeline("sentences.name=x", "plots=[]", f"outputs={tmp_path}/other").folder
    rows = read_csv(compare(runs[0], other).folder / "rows.csv")
    assert [row["query"] for row in rows] == ["Os", "pinguins", "não", "tem", "joelho"]
    assert {float(row["total_variation"]) for row in rows} == {0.0}


def test_nor_are_those_of_another_count_of_heads(tmp_path: Path) -> None:
    one, two = (
        pipeline(
            "projection=random",
            f"projection.heads={heads}",
            "plots=[]",
            f"outputs={tmp_path}/heads",
        ).folder
        for heads in (1, 2)
    )
    said = "Weights of pinguins not subtracted: 1 against 2 heads."
    assert said in compare(one, two).out.splitlines()


def test_of_several_sentences_those_in_common_are_subtracted(tmp_path: Path) -> None:
    one, two = (
        pipeline(
            f"sentences.text=[[Os],{second},[tem,joelho]]", "plots=[]", f"outputs={tmp_path}/many"
        ).folder
        for second in ("[joelho]", "[tem]")
    )
    said = compare(one, two)
    pictures = [name for name in contents(said.folder) if name.startswith("figures/difference")]
    assert [name for name in pictures if name.endswith(".png")] == [
        "figures/difference_pinguins-1.png",
        "figures/difference_pinguins-3.png",
    ]


def test_without_a_path_it_is_the_newest_sweep(root: Path) -> None:
    for values in ("1,2,3", "4,5,6"):
        run_sweep(
            f"seed={values}",
            "projection=random",
            "plots=[]",
            f"outputs={root}/outputs",
        )
    rows = read_csv(compare().folder / "comparison.csv")
    assert [row["seed"] for row in rows] == ["4", "5", "6"]


def test_bad_input_is_one_line_and_leaves_nothing(runs: list[Path], root: Path) -> None:
    for words, said in (
        ([], "compare: no sweep in outputs/sweeps; make one with: make sweep"),
        (
            [root / "none"],
            f"compare: no folder {root}/none; expected a run, a sweep, a glob or latest:3",
        ),
        (
            [*runs, "--baseline", "x"],
            "--baseline: no run called 'x'; expected one of: "
            + ", ".join(run.name for run in runs),
        ),
        (
            ["--basline", "x"],
            (
                "python -m pipeline.compare: unrecognized arguments: --basline; "
                "see python -m pipeline.compare --help"
            ),
        ),
    ):
        found = compare(*words)
        assert (found.code, found.out, found.err) == (2, "", said + "\n")
    assert not (root / "outputs").exists()


def test_torn_weights_are_said_and_leave_nothing(runs: list[Path], root: Path) -> None:
    torn = pipeline("plots=[]", f"outputs={root}/torn").folder
    text = (torn / "weights.csv").read_text(encoding="utf-8")
    whole = text.splitlines(keepends=True)
    for content, why in (
        (
            text.replace("0.2918751327405783", "x"),
            "column 'weight' has a value that is not a number",
        ),
        (
            text[: text.rindex(",joelho,0.3")],
            "CSV parse error: Row #26: Expected 8 columns, got 6: pinguins,0,0,4,joelho,4",
        ),
        ("".join([*whole[:3], *whole[4:]]), "rows are missing"),
        (text.replace("0.2918751327405783", "-0.1"), "a weight is below 0"),
        (text.replace("sentence", "phrase"), "no column 'sentence'"),
        (text.replace("query_position", "x"), "no column 'query_position'"),
        ("", "Empty CSV file"),
    ):
        (torn / "weights.csv").write_text(content, encoding="utf-8")
        said = compare(runs[0], torn)
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert said.err.startswith(f"compare: cannot read {torn}/weights.csv ({why}")
        assert list((root / "outputs").rglob("*.*")) == []


def test_outputs_that_cannot_be_written(runs: list[Path], root: Path) -> None:
    (root / "outputs").write_text("", encoding="utf-8")
    said = compare(*runs)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("outputs: cannot write to ")


def test_debug_brings_the_traceback_back(root: Path) -> None:
    with pytest.raises(ValueError, match="no folder"):
        compare(root / "none", "--debug")


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    said = compare("--help")
    assert said.code == 0
    options = {"--where", "--sort", "--reverse", "--baseline", "--relative", "--by", "--over"}
    assert {"RUNS", "--debug", *options} <= set(re.findall(r"-*\w+", said.out))
