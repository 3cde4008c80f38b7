"""Names of columns, filters and orders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.errors import UserError
from pipeline.compare.columns import resolver, select_runs, sort_runs, value_in
from pipeline.store.read.run import Run


def run_of(place: int, settings: Mapping[str, Any], **scalars: float | None) -> Run:
    """A run by hand."""
    return Run(Path(f"/runs/r{place}"), settings, {"attention": "causal"}, scalars, {})


RUNS = [
    run_of(0, {"attention.scale": "none", "attention.temperature": 2.0, "a.kind": 1, "b.kind": 1},
           entropy=0.5),
    run_of(1, {"attention.scale": 0.25, "attention.temperature": 1.0, "a.kind": 1, "b.kind": 2},
           entropy=None),
    run_of(2, {"attention.scale": "dk", "attention.temperature": 0.5, "embeddings.table.cat": 1},
           entropy=0.1),
]  # fmt: skip


def test_short_names_stand_for_the_one_column_they_end() -> None:
    resolve = resolver(RUNS, "--sort")
    for asked, column in (
        ("scale", "attention.scale"), ("attention.scale", "attention.scale"),
        ("entropy", "entropy"), ("attention", "attention"), ("a.kind", "a.kind"), ("run", "run"),
        ("embeddings.table.cat", "embeddings.table.cat"),
    ):  # fmt: skip
        assert resolve(asked) == column


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("kind", "--sort: 'kind' may be any of a.kind, b.kind; expected one whole"),
        (
            "entropi",
            (
                "--sort: no setting or metric called 'entropi'; expected one of: attention.scale, "
                "attention.temperature, a.kind, b.kind, embeddings.table.cat, entropy "
                "(did you mean 'entropy'?)"
            ),
        ),
        ("cat", None),  # a user's token is not the name of a setting
        ("cale", None),
    ],
)
def test_what_is_no_column_or_several_is_refused(asked: str, said: str | None) -> None:
    with pytest.raises(UserError) as caught:
        resolver(RUNS, "--sort")(asked)
    assert said is None or caught.value.lines == (said,)


def order(*, by: str | None, is_reversed: bool = False) -> list[int]:
    """The runs' numbers as sorted."""
    return [RUNS.index(run) for run in sort_runs(RUNS, by, is_reversed)]


def test_orders() -> None:
    assert order(by=None) == [0, 1, 2]
    assert order(by=None, is_reversed=True) == [2, 1, 0]
    assert order(by="temperature") == [2, 1, 0]
    assert order(by="scale") == [0, 1, 2]  # none, then numbers, then texts
    assert order(by="entropy") == [2, 0, 1]  # what is undefined comes last
    assert order(by="entropy", is_reversed=True) == [0, 2, 1]  # either way
    assert order(by="a.kind,temperature") == [2, 1, 0]  # one run has no a.kind


def test_filters() -> None:
    assert select_runs(RUNS, None) == RUNS
    assert select_runs(RUNS, "temperature <= 1 and entropy < 1") == [RUNS[2]]
    assert select_runs(RUNS, "run == '/runs/r1'") == [RUNS[1]]
    assert select_runs(RUNS, "attention == 'causal'") == RUNS


def test_a_filter_that_keeps_nothing_says_what_there_is() -> None:
    with pytest.raises(UserError) as caught:
        select_runs(RUNS, "scale == 'log_n' and temperature < 1")
    (line,) = caught.value.lines
    assert line == (
        "--where: none of 3 runs meets \"scale == 'log_n' and temperature < 1\"; "
        "attention.scale is 'none', 0.25, 'dk'; attention.temperature is 2.0, 1.0, 0.5"
    )


def test_a_setting_that_a_run_lacks_is_none() -> None:
    assert value_in(RUNS[2], "a.kind") == "none"
    assert value_in(RUNS[1], "entropy") is None  # undefined
