"""The figures of a comparison: on paper or on the screen, each with what it is of inside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.compare.figures import MAX_NAMED, about_runs
from pipeline.plots.output.vector import COLUMNS
from pipeline.store.read.find import find_runs
from pipeline.store.read.run import Run
from tests.command import Said, compare, pipeline
from tests.plots.output.test_vector import described, size

FIGURES = (
    "causes_entropy",
    "curve_entropy_against_temperature",
    "difference_pinguins",
    "displacement_pinguins",
    "grid_pinguins",
)
COMMAND = "python -m pipeline.compare"
NOTHING = "nothing is drawn of these runs; ask for --grid, --curve or --causes, or name two runs"
ALL = ("--causes", "entropy", "--grid", "scale,temperature", "--curve", "entropy,temperature,scale")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two that differ in two settings, and a third."""
    folder = tmp_path_factory.mktemp("runs")
    return [
        pipeline(f"attention.scale={scale}", f"attention.temperature={temperature}", "plots=[]",
                 "metrics=[entropy]", f"outputs={folder}").folder
        for scale, temperature in (("on", 1), ("off", 3), ("off", 1))
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Comparisons go below a folder of the test's own."""
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    return tmp_path


def figures(said: Said) -> dict[str, bytes]:
    """The figures that a comparison wrote, without their tables."""
    assert (said.code, said.err) == (0, "")
    found = sorted((said.folder / "figures").iterdir())
    return {path.name: path.read_bytes() for path in found if path.suffix != ".csv"}


@pytest.fixture(scope="module")
def on_paper(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All that two runs can be drawn as."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.compare.__main__.ROOT", tmp_path_factory.mktemp("paper"))
        return figures(compare(*runs[:2], *ALL, "--paper"))


@pytest.fixture(scope="module")
def in_all_formats(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same comparison again, with PNGs too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.compare.__main__.ROOT", tmp_path_factory.mktemp("again"))
        formats = ("--formats", "png,svg,pdf", "--dpi", "50")
        return figures(compare(*runs[:2], *ALL, "--paper", *formats))


def test_on_paper_every_figure_is_a_pdf_and_an_svg_in_column_widths(
    on_paper: dict[str, bytes],
) -> None:
    assert list(on_paper) == [f"{name}.{ending}" for name in FIGURES for ending in ("pdf", "svg")]
    for name, content in on_paper.items():
        width, _ = size(content, name[-3:])
        assert min(abs(width - column) for column in COLUMNS) < 1e-4, name
        assert (b"/FontFile2" in content) if name.endswith("pdf") else (b"<text" not in content)


def test_twice_the_same_comparison_is_the_same_bytes_whatever_else_is_saved(
    on_paper: dict[str, bytes], in_all_formats: dict[str, bytes]
) -> None:
    assert set(in_all_formats) - set(on_paper) == {f"{name}.png" for name in FIGURES}
    for name, content in on_paper.items():
        assert in_all_formats[name] == content, name


def test_every_figure_says_of_which_runs_it_is_and_what_was_asked(
    runs: list[Path], in_all_formats: dict[str, bytes]
) -> None:
    assert len(in_all_formats) == 3 * len(FIGURES)
    for name, content in in_all_formats.items():
        about = json.loads(described(content, name[-3:]))
        assert about["runs"] == {
            str(runs[0]): {"attention.scale": "sqrt_dk", "attention.temperature": 1.0},
            str(runs[1]): {"attention.scale": "none", "attention.temperature": 3.0},
        }
        asked = " ".join([".venv/bin/python -m pipeline.compare", str(runs[0]), str(runs[1]),
                          "--causes entropy --grid scale,temperature",
                          "--curve entropy,temperature,scale"])  # fmt: skip
        assert about["comparison"] == asked
        assert about["held"]["attention.mask"] == "none"
        assert about["held"]["sentences.name"] == "pinguins"
        unseen = {"attention.scale", "attention.temperature", "figures.dpi", "metrics", "plots"}
        assert not unseen & set(about["held"])


def test_the_runs_beyond_the_first_are_counted(runs: list[Path]) -> None:
    (run,) = find_runs([str(runs[0])])
    many = [
        Run(run.folder.with_name(str(k)), {**run.settings, "seed": k}, run.choices, {}, run.record)
        for k in range(MAX_NAMED + 2)
    ]
    about = about_runs(many, {"paths": ["x"], "causes": None})
    assert (len(about["runs"]), about["more runs"]) == (MAX_NAMED, 2)
    assert "seed" not in about["held"]


def test_a_figure_is_png_unless_told_and_its_first_format_is_named(runs: list[Path]) -> None:
    said = compare(*runs, "--curve", "entropy,temperature")
    assert list(figures(said)) == ["curve_entropy_against_temperature.png"]
    said = compare(*runs, "--curve", "entropy,temperature", "--formats", "svg, png")
    names = [f"curve_entropy_against_temperature.{ending}" for ending in ("png", "svg")]
    assert list(figures(said)) == names
    assert said.out.splitlines()[-3] == f"figure: {said.folder}/figures/{names[1]}"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--formats", "gif"], "--formats: got 'gif', expected names out of: png, svg, pdf"),
        (["--formats", ""], "--formats: got '', expected names out of: png, svg, pdf"),
        (["--formats", "svg,svg"], "--formats: got ['svg', 'svg'], expected each name once"),
        (["--dpi", "35"], "--dpi: got 35, expected a whole number >= 36 and <= 1200"),
        (["--dpi", "x"],
         f"{COMMAND}: argument --dpi: invalid int value: 'x'; see {COMMAND} --help"),
        (["--paper", "--formats", "png"],
         "--paper: got --formats png, which has no width on paper; expected svg or pdf"),
        (["--paper"], f"--paper: {NOTHING}"),
        (["--formats", "svg", "--by", "scale"], f"--formats: {NOTHING}"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_cannot_be_saved_is_one_line_and_leaves_nothing(
    runs: list[Path], root: Path, asked: list[str], told: str
) -> None:
    said = compare(*runs, *asked)
    assert (said.code, said.out, said.err) == (2, "", told + "\n")
    assert list(root.iterdir()) == []
