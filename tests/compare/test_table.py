"""The table of a comparison: the settings that differ, no others, beside the metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import UserError
from pipeline.base.tables import Table
from pipeline.compare import load_runs
from pipeline.compare.columns import find_baseline
from pipeline.compare.settings import differing
from pipeline.compare.table import runs_table, with_changes_from
from pipeline.metrics import scalar_names
from pipeline.store.read.run import Run
from tests.command import DEFAULT_METRICS, run_sweep


def run_of(
    name: str,
    settings: Mapping[str, Any],
    choices: Mapping[str, str] | None = None,
    scalars: Mapping[str, float | None] | None = None,
) -> Run:
    """A run as if read from a folder of that name."""
    return Run(Path("/runs") / name, settings, choices or {}, scalars or {}, {})


def inputs(sentences: str, text: str, **settings: Any) -> Run:
    """A run of one of the sentence sets."""
    return run_of("x", {"name": text, "sentences.text": text, **settings}, {"sentences": sentences})


def test_only_what_differs_is_named() -> None:
    assert differing([run_of("a", {"x": 1, "y": 2}), run_of("b", {"x": 1, "y": 3})]) == ["y"]
    assert differing([run_of("a", {"x": 1}), run_of("b", {"x": 1})]) == []
    assert differing([run_of("a", {"x": 1})]) == []


def test_a_setting_that_only_one_run_has_differs() -> None:
    assert differing([run_of("a", {}), run_of("b", {"x": 0})]) == ["x"]
    assert differing([run_of("a", {"x": None}), run_of("b", {"x": 0})]) == ["x"]


def test_a_name_says_nothing_of_what_was_computed() -> None:
    assert differing([run_of("a", {"name": "a"}), run_of("b", {"name": "b"})]) == []


def test_what_follows_from_a_chosen_file_is_not_named_beside_it() -> None:
    runs = [inputs("one", "a"), inputs("two", "b")]
    assert differing(runs) == ["sentences"]


def test_but_it_is_where_it_differs_within_one_choice() -> None:
    runs = [inputs("one", "a"), inputs("one", "b"), inputs("two", "c")]
    assert differing(runs) == ["sentences", "sentences.text"]
    assert differing(runs[:2]) == ["sentences.text"]


def test_groups_come_first_then_the_settings_as_they_stand() -> None:
    runs = [inputs("one", "a", seed=1, z=1), inputs("two", "b", seed=2, z=2)]
    assert differing(runs) == ["sentences", "seed", "z"]


def test_rows_hold_the_settings_and_the_metrics_of_all() -> None:
    runs = [
        run_of("a", {"x": 1}, scalars={"entropy": 0.5}),
        run_of("b", {"x": 2}, scalars={"cosine": 0.1, "entropy": None}),
    ]
    table = runs_table(runs)
    assert table.columns == ("run", "x", "entropy", "cosine")
    first, second = table.rows
    assert first[:3] == ("/runs/a", 1, 0.5)
    assert second[:2] == ("/runs/b", 2)
    assert second[3] == 0.1
    assert math.isnan(float(str(first[3])))  # not measured
    assert math.isnan(float(str(second[2])))  # undefined


def test_against_a_baseline_is_each_metric_minus_its_own() -> None:
    table = Table(("run", "m", "k"), [("a", 1.0, 10.0), ("b", 3.0, 4.0)])
    found = with_changes_from(table, ["m", "k"], 1)
    assert list(found.columns) == ["run", "m", "k", "m_change", "k_change"]
    assert found.rows == [("a", 1.0, 10.0, -2.0, 6.0), ("b", 3.0, 4.0, 0.0, 0.0)]


def test_a_rise_from_a_negative_value_is_a_rise_in_percent() -> None:
    table = Table(("run", "m"), [("a", -2.0), ("b", -1.0), ("c", 0.0)])
    found = with_changes_from(table, ["m"], 0, is_relative=True)
    assert [row[-1] for row in found.rows] == [0.0, 0.5, 1.0]


def test_a_baseline_by_its_folder_or_a_part_of_its_name() -> None:
    runs = [run_of(name, {}) for name in ("scale-none-1", "scale-none-12", "scale-on-1")]
    assert find_baseline(runs, None) == 0
    assert find_baseline(runs, "on-1") == 2
    assert find_baseline(runs, "/runs/scale-on-1/") == 2
    assert find_baseline(runs, "none-12") == 1
    # The whole of a folder's path is not part of another's.
    assert find_baseline(runs, "/runs/scale-none-1") == 0


def test_the_name_of_a_folder_is_no_mere_part_of_anothers() -> None:
    runs = [run_of(name, {}) for name in ("none-12", "none-1")]
    assert find_baseline(runs, "none-1") == 1


@pytest.mark.parametrize(
    ("asked", "count"), [("nothing", "no run"), ("none", "2 runs"), ("", "3 runs")]
)
def test_an_unknown_or_ambiguous_baseline_lists_the_runs(asked: str, count: str) -> None:
    runs = [run_of(name, {}) for name in ("none-1", "none-2", "on-1")]
    with pytest.raises(UserError) as caught:
        find_baseline(runs, asked)
    assert str(caught.value) == (
        f"--baseline: {count} called {asked!r}; expected one of: none-1, none-2, on-1"
    )


def test_a_long_list_of_runs_is_cut() -> None:
    with pytest.raises(UserError, match=r"one of: r0, r1, r2, r3, r4, r5, …$"):
        find_baseline([run_of(f"r{k}", {}) for k in range(9)], "x")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two inputs by two temperatures."""
    return run_sweep(
        "embeddings=one_hot", "sentences=penguins,order", "attention.temperature=1,2",
        "plots=[]", f"outputs={tmp_path_factory.mktemp('table')}",
    ).folder  # fmt: skip


def test_load_runs_gives_a_data_frame(sweep: Path) -> None:
    import pipeline as package

    frame = package.load_runs(sweep)
    assert package.load_runs is load_runs
    assert list(frame.columns) == [
        "run", "sentences", "attention.temperature", *scalar_names(DEFAULT_METRICS),
    ]  # fmt: skip
    assert frame["sentences"].tolist() == ["penguins", "penguins", "order", "order"]
    assert frame["attention.temperature"].tolist() == [1.0, 2.0, 1.0, 2.0]
    assert frame["entropy"].is_monotonic_increasing is False
    assert frame["entropy"].dtype == float
    assert set(frame["run"]) == {str(path) for path in (sweep / "runs").iterdir()}


def test_load_runs_takes_several_paths_as_strings_too(sweep: Path) -> None:
    first, second, *_ = sorted((sweep / "runs").iterdir())
    assert load_runs(str(second), first)["run"].tolist() == [str(second), str(first)]
    with pytest.raises(ValueError, match="no folder"):
        load_runs(sweep / "nowhere")
