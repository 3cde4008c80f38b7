"""Cross-attention: queries of one sentence, keys and values of another, and no axis mixed up."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.attention import MASKS
from pipeline.base.records import Result, Rows
from pipeline.config.schema.config import Config
from pipeline.metrics import (
    EMBEDDING_METRICS,
    METRICS,
    ROW_METRICS,
    SELF_ATTENTION_ONLY,
    scalar_names,
)
from pipeline.plots.of_run.displacement import displacement
from pipeline.plots.of_run.heatmap import heatmap
from pipeline.prose import write_reading
from pipeline.run import run
from pipeline.runs import show
from pipeline.store.write.tables import embeddings_table, metrics_table, weights_table
from tests.make import outcome_of
from tests.plots.look import tick_labels, words
from tests.variants import mask_spec

ConfigOf = Callable[..., Config]
QUERIES, KEYS = ["ein", "Satz", "mehr"], ["one", "sentence", "of", "five", "words"]
CROSS = outcome_of(QUERIES, keys=KEYS, heads=2)


def test_a_sentence_s_keys_are_another_s(config_of: ConfigOf) -> None:
    """Rows worked by hand: 9/√5 on the translation, 0 on the others."""
    (outcome,) = run(config_of("sentences=translation", "embeddings=bilingual")).layers
    assert outcome.key_tokens == ("penguins", "do", "not", "have", "knees")
    weights, strong = outcome.attended.weights[0], math.exp(9 / math.sqrt(5))
    np.testing.assert_allclose(weights[0], 0.2)  # Os has no counterpart
    assert weights[1, 0] == pytest.approx(strong / (strong + 4))
    assert [outcome.key_tokens[k] for k in weights[1:].argmax(axis=1)] == [
        "penguins", "not", "have", "knees",
    ]  # fmt: skip


def test_the_sentence_itself_as_keys_gives_the_weights_of_self_attention(
    config_of: ConfigOf,
) -> None:
    for projection in ("identity", "random"):
        chosen = (f"projection={projection}", "embeddings=gaussian")
        own = run(config_of(*chosen)).layers[0]
        cross = run(config_of(*chosen, "sentences.keys='Os pinguins não tem joelho'")).layers[0]
        np.testing.assert_array_equal(cross.attended.weights, own.attended.weights)
        np.testing.assert_array_equal(cross.after, own.after)


def test_keys_are_one_text_for_all_or_one_for_each(config_of: ConfigOf) -> None:
    texts = ("embeddings=one_hot", "sentences.text=[a b, c]")
    for_all = run(config_of(*texts, "sentences.keys=x y z")).layers
    assert [o.key_tokens for o in for_all] == [("x", "y", "z")] * 2
    each = run(config_of(*texts, "sentences.keys=[[x],[y,z]]")).layers
    assert [o.key_tokens for o in each] == [("x",), ("y", "z")]
    assert [o.tokens for o in each] == [("a", "b"), ("c",)]
    split = config_of(*texts, "sentences.keys='z!'", "sentences.split_punctuation=true")
    assert run(split).layers[0].key_tokens == ("z", "!")


@pytest.mark.parametrize("mask", [name for name in MASKS if name not in ("document", "same_token")])
def test_masks_are_of_queries_by_keys(mask: str) -> None:
    outcome = outcome_of(QUERIES, keys=KEYS, mask=mask_spec(mask, 3))
    allowed = np.broadcast_to(outcome.attended.allowed, outcome.attended.weights.shape)
    assert allowed.shape == (1, 3, 5)
    np.testing.assert_array_equal(outcome.attended.weights > 0, allowed)


# --- metrics -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METRICS)
def test_what_needs_a_key_of_its_own_is_undefined_and_the_rest_is_not(name: str) -> None:
    if name in CROSS.metrics.rows:
        values = CROSS.metrics.rows[name]
        assert values.shape == (2, 3)
        assert np.isnan(values).all() == np.isnan(values).any() == (name in SELF_ATTENTION_ONLY)
    else:
        assert all(math.isfinite(CROSS.metrics.scalars[scalar]) for scalar in scalar_names([name]))


@pytest.mark.parametrize("name", ROW_METRICS)
def test_that_is_what_changes_when_a_query_stands_elsewhere(name: str) -> None:
    weights, counts = np.array([[0.1, 0.2, 0.3, 0.4]]), np.array([4])
    at_one, at_two = (ROW_METRICS[name](Rows(weights, counts, query_start=k)) for k in (1, 2))
    assert (at_one != at_two).all() == (name in SELF_ATTENTION_ONLY)
    assert set(EMBEDDING_METRICS) <= SELF_ATTENTION_ONLY


def test_the_run_says_so_once_and_only_of_what_was_asked(config_of: ConfigOf) -> None:
    chosen = ("embeddings=one_hot", "sentences.text=[a b, c d]", "sentences.keys=[x y, z w]")
    assert run(config_of(*chosen, "metrics=[entropy,self_weight,cosine]")).notices == (
        "cross-attention: a query has no key of its own, so self_weight, cosine are undefined",
    )
    assert run(config_of(*chosen, "metrics=[cosine]")).notices == (
        "cross-attention: a query has no key of its own, so cosine is undefined",
    )
    assert run(config_of(*chosen, "metrics=[entropy]")).notices == ()


# --- tables, figures, words --------------------------------------------------------------------


def test_the_tables_name_both_sides() -> None:
    rows = weights_table([CROSS]).rows
    assert len(rows) == 2 * 3 * 5
    assert [row[3:7] for row in rows[:6]] == [
        *((0, "ein", k, key) for k, key in enumerate(KEYS)), (1, "Satz", 0, "one"),
    ]  # fmt: skip
    assert [row[4] for row in metrics_table([CROSS], ["entropy"]).rows] == QUERIES * 2
    embeddings = embeddings_table([CROSS]).rows
    assert [row[3:5] for row in embeddings] == [
        *((key, "static") for key in KEYS), *((query, "contextual") for query in QUERIES),
    ]  # fmt: skip
    np.testing.assert_array_equal([row[5:13] for row in embeddings[:5]], CROSS.projected.value[0])


def test_the_heatmap_has_queries_down_and_keys_across() -> None:
    drawing = heatmap(CROSS, "")
    for axes in drawing.figure.axes[:2]:
        assert [text.get_text() for text in tick_labels(axes, "x")] == KEYS
        assert [text.get_text() for text in tick_labels(axes, "y")] == QUERIES


def test_the_terminal_has_queries_down_and_keys_across() -> None:
    table = show.weights_view(CROSS, head=0, has_layers=False)
    assert [column.header for column in table.columns] == ["query \\ key", *KEYS]
    assert list(table.columns[0].cells) == QUERIES


def test_the_displacement_shows_queries_among_named_keys_and_no_way() -> None:
    drawing = displacement(CROSS, "")
    (axes,) = drawing.figure.axes
    assert not axes.get_lines()
    assert {*QUERIES, *KEYS} <= set(words(drawing.figure))
    assert [row[:3] for row in drawing.table.rows] == [
        *((i, key, "key") for i, key in enumerate(KEYS)),
        *((i, query, "query") for i, query in enumerate(QUERIES)),
    ]


def test_the_reading_speaks_of_no_self() -> None:
    mask = {"matrix": {"values": [[0, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 1, 1, 1, 1]]}}
    even = outcome_of(QUERIES, keys=KEYS, mask=mask, normalizer={"hard": {}})
    text = write_reading(Result((even,), {}), "", "en")
    assert "whose keys are: one, sentence, of, five, words." in text
    best = KEYS[int(even.attended.weights[0, 2].argmax())]
    others = ", ".join(key for key in KEYS if key != best)
    rest = (
        f"- **mehr** more than the uniform share of 0.20 goes to {best} (1.00); "
        f"the rest is even, 0.00 each ({others})."
    )
    assert text.splitlines()[-3:] == [
        "- **ein** every key is masked: it attends to nothing.",
        "- **Satz** has only one key: the weight of sentence is 1.",
        rest,
    ]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "no token gets more than the uniform share of 0.50; the rest is even, 0.50 each"),
        ("pt", "nenhum token recebe mais que a parte uniforme de 0,50; o resto é uniforme, 0,50"),
    ],
)
def test_an_even_row_is_read_as_even(config_of: ConfigOf, language: str, said: str) -> None:
    config = config_of("embeddings=one_hot", "sentences.text=a", "sentences.keys=x y")
    assert said in write_reading(run(config), "", language)
