"""Tables of a run folder: columns may come, a required one may not go."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.base.errors import UserError
from pipeline.compare.frames import read_frame
from pipeline.store.read.arrays import read_weights
from pipeline.store.read.csv import read_numbers, read_table
from pipeline.store.schema import TABLES, WEIGHTS
from pipeline.store.write.tables import stages_table, weights_table
from tests.make import golden_outcome

ROWS = [
    ["sample", 0, 0, 0, "a", 0, "a", 0.25],
    ["sample", 0, 0, 0, "a", 1, "b", 0.75],
    ["sample", 0, 0, 1, "b", 0, "a", 1.0],
    ["sample", 0, 0, 1, "b", 1, "b", 0.0],
]


def weights_csv(folder: Path, columns: list[str], rows: list[list[object]]) -> Path:
    """A weights.csv with those columns."""
    path = folder / "weights.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def test_a_column_more_is_read_past(tmp_path: Path) -> None:
    rows = [[*row[:3], place, *row[3:]] for place, row in enumerate(ROWS)]
    columns = [*WEIGHTS.required[:3], "rank", *WEIGHTS.required[3:]]
    path = weights_csv(tmp_path, columns, rows)
    (weights,) = read_weights(tmp_path).values()
    np.testing.assert_array_equal(weights.values, [[[0.25, 0.75], [1.0, 0.0]]])
    assert read_frame(path)["rank"].tolist() == [0, 1, 2, 3]


def test_an_optional_column_reads_as_absent_in_an_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weights_csv(tmp_path, list(WEIGHTS.required), ROWS)
    monkeypatch.setitem(TABLES, "weights.csv", replace(WEIGHTS, optional=("rank",)))
    assert np.isnan(read_numbers(read_table(path), "rank")).all()
    assert read_frame(path)["rank"].isna().all()
    assert len(read_weights(tmp_path)) == 1


@pytest.mark.parametrize("name", WEIGHTS.required)
def test_a_required_column_that_is_missing_is_one_line(tmp_path: Path, name: str) -> None:
    place = WEIGHTS.required.index(name)
    columns = [column for column in WEIGHTS.required if column != name]
    path = weights_csv(tmp_path, columns, [row[:place] + row[place + 1 :] for row in ROWS])
    with pytest.raises(UserError) as caught:
        read_weights(tmp_path)
    assert caught.value.lines == (f"compare: cannot read {path} (no column {name!r})",)


def test_writers_give_one_value_per_column() -> None:
    outcome = golden_outcome()
    staged = replace(outcome, stages={"scores": outcome.attended.weights})
    for table in (weights_table([staged]), stages_table([staged])):
        assert {len(part) for part in table.parts()} == {len(table.columns)}
