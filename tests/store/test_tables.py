"""The tables of a run folder: always the same columns, a row for every number."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from pipeline.metrics import HEAD_METRICS, METRICS, SET_METRICS, uniform_name
from pipeline.store.write.tables import embeddings_table, keys_table, metrics_table, weights_table
from tests.golden import Golden
from tests.make import golden_outcome, outcome_of, outcome_of_rows


def test_weights_of_the_seed_s_sentence(golden: Golden) -> None:
    table = weights_table([golden_outcome()])
    assert tuple(table.columns) == (
        "sentence", "layer", "head", "query_position", "query", "key_position", "key", "weight",
    )  # fmt: skip
    assert len(table.rows) == 25
    for row, (i, j) in zip(table.rows, itertools.product(range(5), repeat=2), strict=True):
        *place, weight = row
        assert place == ["sample", 0, 0, i, golden.tokens[i], j, golden.tokens[j]]
        assert isinstance(weight, float)
        assert f"{weight:.8f}".rstrip("0") == golden.printed[i][j]


def test_weights_of_many_sentences_and_heads_hold_every_number_once() -> None:
    outcomes = [outcome_of("abc", heads=2), outcome_of("de", heads=2, mask="causal")]
    table = weights_table(outcomes)
    assert len(table.rows) == 2 * 9 + 2 * 4
    expected = np.concatenate([o.attended.weights.ravel() for o in outcomes])
    np.testing.assert_array_equal([row[-1] for row in table.rows], expected)
    assert table.rows[9][:4] == ("sample", 0, 1, 0)


def test_metrics_have_a_row_a_query_and_a_column_a_metric_of_rows() -> None:
    outcome = outcome_of("abc", heads=2)
    table = metrics_table([outcome], METRICS)
    named = [name for name in METRICS if name not in (*SET_METRICS, *HEAD_METRICS)]
    fixed = ["sentence", "layer", "head", "query_position", "query"]
    assert list(table.columns) == [*fixed, *named, *map(uniform_name, named)]
    assert [row[:5] for row in table.rows] == [
        ("sample", 0, head, i, "abc"[i]) for head in range(2) for i in range(3)
    ]
    for column, name in enumerate(named, start=5):
        values = [row[column] for row in table.rows]
        np.testing.assert_array_equal(values, outcome.metrics.rows[name].ravel())
    nulls = np.array([row[5 + len(named) :] for row in table.rows], dtype=float)
    assert np.isnan(nulls).all()  # made without one


def test_beside_each_metric_stands_its_null() -> None:
    outcome = outcome_of("abc", heads=2)
    table = metrics_table([replace(outcome, uniform=outcome.metrics)], ["entropy", "cosine"])
    assert table.columns[5:] == ("entropy", "cosine", "entropy_uniform", "cosine_uniform")
    assert [row[5:7] for row in table.rows] == [row[7:] for row in table.rows]


def test_metrics_in_the_order_asked_for_and_none_at_all() -> None:
    asked = ("max_weight", "entropy")
    assert tuple(metrics_table([golden_outcome()], asked).columns[5:7]) == asked
    assert len(metrics_table([golden_outcome()], []).columns) == 5


def test_keys_have_their_mean_weight_and_that_under_uniform_attention() -> None:
    table = keys_table([outcome_of_rows(["x", "y"], [[0.25, 0.75], [1.0, 0.0]])])
    assert table.columns[3:] == ("key_position", "key", "mass", "uniform")
    assert [row[3:] for row in table.rows] == [(0, "x", 0.625, 0.5), (1, "y", 0.375, 0.5)]


def test_embeddings_before_and_after_as_they_are(golden: Golden) -> None:
    table = embeddings_table([golden_outcome()])
    assert list(table.columns) == [
        "sentence", "layer", "position", "token", "embedding", "x0", "x1", "x2", "x3",
    ]  # fmt: skip
    static, contextual = table.rows[:5], table.rows[5:]
    assert [row[:5] for row in static] == [
        ("sample", 0, i, token, "static") for i, token in enumerate(golden.tokens)
    ]
    np.testing.assert_array_equal([row[5:] for row in static], golden.vectors)
    assert {row[4] for row in contextual} == {"contextual"}
    moved = np.array([row[5:] for row in contextual], dtype=float)
    np.testing.assert_allclose(moved, golden.weights @ golden.vectors, atol=1e-7)


def test_positions_and_not_tokens_tell_equal_words_apart() -> None:
    rows = weights_table([outcome_of_rows(["x", "x"], [[0.25, 0.75], [1.0, 0.0]])]).rows
    assert [(row[3], row[5], row[7]) for row in rows] == [
        (0, 0, 0.25), (0, 1, 0.75), (1, 0, 1.0), (1, 1, 0.0),
    ]  # fmt: skip
