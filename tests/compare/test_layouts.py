"""Layouts: which apply, how one is added, and values of every kind in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.compare.comparison import Comparison
from pipeline.compare.figures import Draw
from pipeline.compare.layouts import LAYOUTS, Layout, layouts_for
from pipeline.compare.page.columns import as_data, columns_of
from pipeline.store.read.find import find_runs
from pipeline.store.read.run import Run
from tests.command import compare, read_csv, run_sweep


def run_of(number: int) -> Run:
    """A run by hand."""
    return Run(Path(f"/runs/r{number}"), {"seed": number}, {}, {"entropy": 0.5}, {})


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Comparisons go below a folder of the test's own."""
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (Comparison([run_of(1)], 0), ["table"]),
        (Comparison([run_of(1), run_of(2)], 0), ["pair"]),
        (Comparison([run_of(1), run_of(2)], 0, by=[]), ["groups"]),
        (Comparison([run_of(1), run_of(2)], 0, causes_of=["entropy"]), ["pair", "causes"]),
        (Comparison([run_of(1)] * 3, 0, causes_of=["entropy"]), ["table", "anova"]),
        (Comparison([run_of(1)] * 3, 0, by=["seed"], grid="a,b"), ["groups", "figures"]),
        (Comparison([run_of(1)] * 3, 0, curve="entropy,seed"), ["table", "figures"]),
    ],
)
def test_the_layouts_that_apply(asked: Comparison, names: list[str]) -> None:
    assert layouts_for(asked) == [LAYOUTS[name] for name in names]


def test_a_layout_is_one_function_and_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []

    def count_layout(asked: Comparison, folder: Path, draw: Draw) -> object:
        (folder / "count.txt").write_text(str(len(asked.runs)), encoding="utf-8")
        return lambda: shown.append(folder)

    monkeypatch.setitem(LAYOUTS, "count", Layout(lambda asked: True, count_layout, draws=False))  # type: ignore[arg-type]
    said = compare(str(Path(__file__).parents[1] / "store" / "data" / "format_1" / "rows"))
    assert (said.folder / "count.txt").read_text(encoding="utf-8") == "3"
    assert len(shown) == 1


SWEEPS = {  # overrides → how the setting's values are written, in order
    ("attention.softcap=2,null,1",): ["none", "1", "2"],
    ("projection=random", "projection.key_width=8,null,2"): ["none", "2", "8"],
    ("attention.normalizer={entmax:{alpha:1.3}},{entmax:{alpha:1.6}},softmax",): [
        "entmax alpha=1.3",
        "entmax alpha=1.6",
        "softmax",
    ],
    ("embeddings=one_hot,gaussian",): ["one_hot", "gaussian"],
}


@pytest.mark.parametrize("overrides", SWEEPS, ids=lambda words: words[-1].partition("=")[0])
def test_values_of_every_kind_are_written_alike_in_all_layouts(
    overrides: Sequence[str], tmp_path: Path
) -> None:
    texts = SWEEPS[tuple(overrides)]
    said = run_sweep(*overrides, "metrics=[entropy]", "plots=[]", f"outputs={tmp_path}/sweep")
    assert said.code == 0, said.err
    runs = find_runs([said.folder])
    setting = columns_of(runs)[0]
    assert as_data(setting)["choices"] == texts
    for options in (
        ("--sort", setting.name),
        ("--by", setting.name),
        ("--over", "seed"),
        ("--causes", "entropy"),
        ("--where", f"`{setting.name}` == '{texts[0]}'"),
    ):
        one = compare(said.folder, *options)
        assert one.code == 0, one.err
        if "--sort" in options or "--by" in options:
            rows = read_csv(one.folder / "comparison.csv")
            written = [row[setting.name].removesuffix(".0") for row in rows]
            assert sorted(written) == sorted(texts)
            for text in texts:
                assert f" {text} " in one.out.replace("\n", " ")
    pair = compare(runs[0].folder, runs[1].folder, "--causes", "entropy")
    assert pair.code == 0, pair.err
    report = (said.folder / "report.html").read_text(encoding="utf-8")
    assert f'<bdi class="value">{texts[0]}</bdi>' in report
