"""run: the stages in a row, from a config to numbers, notices, figures and words."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from pipeline.attention import attend
from pipeline.attention.score.rotary import rotary
from pipeline.base.errors import UserError
from pipeline.base.records import Sentence
from pipeline.config.schema.config import Config
from pipeline.embed import embed
from pipeline.metrics import (
    FLOW_METRICS,
    HEAD_METRICS,
    METRICS,
    SET_METRICS,
    has_uniform,
    run_scalar_names,
    scalar_names,
    uniform_name,
)
from pipeline.plots import PLOTS, needed_metrics
from pipeline.prose.notices import NEARLY_IDENTITY
from pipeline.run import describe, draw, run
from pipeline.run import read as reading
from pipeline.runs.prepare import prepare
from tests.golden import Golden
from tests.plots.look import words

ConfigOf = Callable[..., Config]
GAUSSIAN = ("embeddings=gaussian", "embeddings.width=256")


def test_the_defaults_are_the_seed_s_experiment(config_of: ConfigOf, golden: Golden) -> None:
    config = config_of()
    (outcome,) = run(config).layers
    assert outcome.tokens == golden.tokens
    np.testing.assert_array_equal(outcome.before, golden.vectors)
    (weights,) = outcome.attended.weights
    assert [[f"{w:.8f}".rstrip("0") for w in row] for row in weights] == list(
        map(list, golden.printed)
    )


def test_every_setting_of_the_mechanism_is_handed_on(config_of: ConfigOf) -> None:
    plain = run(config_of()).layers[0].attended.weights
    for override in ("attention.scale=none", "attention.temperature=2", "attention.mask=causal"):
        changed = run(config_of(override)).layers[0].attended.weights
        assert not np.allclose(changed, plain), override
    # Unscaled at T = √d_k is scaled at T = 1: both reach the mechanism, and nothing else does.
    same = run(config_of("attention.scale=none", "attention.temperature=2"))
    np.testing.assert_allclose(same.layers[0].attended.weights, plain, rtol=1e-12)


def test_every_setting_of_the_input_is_handed_on(config_of: ConfigOf, golden: Golden) -> None:
    words = run(config_of(*GAUSSIAN, "sentences.text='Wait, what?'")).layers[0]
    assert words.tokens == ("Wait,", "what?")
    split = run(
        config_of(*GAUSSIAN, "sentences.text='Wait, what?'", "sentences.split_punctuation=true")
    ).layers[0]
    assert split.tokens == ("Wait", ",", "what", "?")
    seeded = run(config_of(*GAUSSIAN, "sentences.text='Wait, what?'", "seed=1")).layers[0]
    assert not np.allclose(seeded.before, words.before)
    placed = run(config_of("embeddings.positions=sinusoidal")).layers[0]
    assert not np.allclose(placed.before, run(config_of()).layers[0].before)
    heads = run(config_of("projection=random", "projection.heads=2")).layers[0]
    assert heads.attended.weights.shape == (2, 5, 5)
    assert heads.projected.value.shape == (2, 5, 2)
    one_key = "projection.key_heads=1"
    shared = run(config_of("projection=random", "projection.heads=2", one_key)).layers[0]
    assert shared.projected.value.shape == (1, 5, 2)
    joined = run(config_of("projection=random", "projection.output=random")).layers[0]
    np.testing.assert_array_equal(joined.before, golden.vectors)
    assert joined.after.shape == (5, 4)


def test_the_vectors_are_those_of_embed(config_of: ConfigOf) -> None:
    config = config_of(*GAUSSIAN, "seed=5")
    (prepared,) = prepare(config)
    embedded = prepared.embedded
    tokens = Sentence("pinguins", embedded.sentence.tokens)
    (alone,) = embed([tokens], "gaussian", width=256, seed=5)
    np.testing.assert_array_equal(embedded.vectors, alone.vectors)


def test_a_word_without_a_vector_shows_when_the_run_is_prepared(config_of: ConfigOf) -> None:
    with pytest.raises(UserError, match="the token 'penguins' has no vector"):
        prepare(config_of("sentences=penguins"))


# --- scalars -----------------------------------------------------------------------------------


def test_scalars_are_the_means_of_the_sentences_means(config_of: ConfigOf) -> None:
    result = run(config_of(*GAUSSIAN, "sentences.text=[a b, c d e f g]"))
    assert [len(o.tokens) for o in result.layers] == [2, 5]
    assert tuple(result.scalars) == run_scalar_names(config_of().metrics)
    for name in scalar_names(config_of().metrics):
        means = [o.metrics.scalars[name] for o in result.layers]
        assert result.scalars[name] == pytest.approx(np.mean(means), rel=1e-15)
        if has_uniform(name):
            uniform = [o.uniform.scalars[name] for o in result.layers if o.uniform]
            assert result.scalars[uniform_name(name)] == pytest.approx(np.mean(uniform), rel=1e-15)


def test_an_undefined_sentence_is_left_out_of_a_mean(config_of: ConfigOf) -> None:
    result = run(config_of(*GAUSSIAN, "sentences.text=[alone, two words]"))
    alone, pair = (o.metrics.scalars["entropy_normalized"] for o in result.layers)
    assert math.isnan(alone)
    assert result.scalars["entropy_normalized"] == pair


@pytest.mark.parametrize("metrics", ["[]", "[max_weight]", "[entropy,pairwise_cosine]"])
def test_what_a_plot_needs_is_measured_but_no_scalar_of_the_run(
    config_of: ConfigOf, metrics: str
) -> None:
    config = config_of(f"metrics={metrics}")
    result = run(config)
    assert tuple(result.scalars) == run_scalar_names(config.metrics)
    needed = set(needed_metrics(config.plots))
    assert needed
    assert needed <= set(result.layers[0].metrics.rows)


# --- notices -----------------------------------------------------------------------------------


def unscaled(config_of: ConfigOf, *overrides: str) -> tuple[str, ...]:
    """The notices of a run without 1/√d_k on wide Gaussian vectors."""
    return run(config_of(*GAUSSIAN, "attention.scale=none", *overrides)).notices


def test_weights_that_are_nearly_the_identity_say_so(config_of: ConfigOf) -> None:
    (notice,) = unscaled(config_of)
    assert notice == (
        "pinguins: the weights are nearly the identity (mean weight on itself 1.000), so the "
        "tokens hardly move; equal queries and keys do this (try projection=random), and so does "
        "a missing 1/√d_k"
    )


def test_so_do_they_under_a_causal_mask(config_of: ConfigOf) -> None:
    """Its first row has one key alone and so says nothing of the others."""
    assert len(unscaled(config_of, "attention.mask=causal")) == 1
    assert run(config_of("attention.mask=causal", "sentences.text=Os")).notices == ()


def test_each_such_sentence_is_named(config_of: ConfigOf) -> None:
    notices = unscaled(config_of, "sentences.text=[a b, c d]")
    assert [notice.partition(":")[0] for notice in notices] == ["pinguins-1", "pinguins-2"]


@pytest.mark.parametrize(
    "overrides",
    [
        (),  # the seed's weights spread out
        (*GAUSSIAN, "attention.scale=none", "projection=random"),  # sharp, but not on itself
        (*GAUSSIAN, "attention.scale=none", "sentences.text=alone"),  # no choice, so no finding
    ],
)
def test_others_say_nothing(config_of: ConfigOf, overrides: tuple[str, ...]) -> None:
    assert run(config_of(*overrides)).notices == ()


def test_the_notice_comes_at_its_threshold_and_not_below(config_of: ConfigOf) -> None:
    seen, config = set(), config_of("embeddings=one_hot")
    for temperature in np.geomspace(0.05, 1, 12).tolist():
        attention = config.attention.model_copy(update={"temperature": temperature})
        result = run(config.model_copy(update={"attention": attention}))
        itself = result.scalars["self_weight"]
        assert bool(result.notices) == (itself >= NEARLY_IDENTITY)
        seen.add(bool(result.notices))
    assert seen == {True, False}


# --- caption, figures, reading -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((), "scale sqrt_dk, T = 1"),
        (("attention.scale=off", "attention.temperature=0.25"), "scale none, T = 0.25"),
        (("attention.scale=0.3", "attention.mask=causal"), "scale 0.3, T = 1, mask causal"),
    ],
)
def test_the_caption_quotes_the_mechanism(
    config_of: ConfigOf, overrides: tuple[str, ...], expected: str
) -> None:
    assert describe(config_of(*overrides)) == expected


@pytest.mark.parametrize("plots", [(), ("heatmap",), tuple(PLOTS)])
def test_every_sentence_is_drawn_with_every_plot_asked_for(
    config_of: ConfigOf, plots: tuple[str, ...]
) -> None:
    config = config_of(*GAUSSIAN, "sentences.text=[a b, c d]", f"plots=[{','.join(plots)}]")
    drawn = dict(draw(run(config), config))
    assert list(drawn) == [f"{plot}_pinguins-{n}" for n in (1, 2) for plot in plots]
    for drawing in drawn.values():
        assert any(describe(config) in text for text in words(drawing.figure))


@pytest.mark.parametrize(("language", "first"), [("en", "# Reading of"), ("pt", "# Leitura de")])
def test_the_reading_is_in_the_config_s_language(
    config_of: ConfigOf, language: str, first: str
) -> None:
    config = config_of(f"language={language}")
    text = reading(run(config), config)
    assert text.startswith(f"{first} pinguins\n")
    assert describe(config) in text


def test_queries_that_see_nothing_are_counted(config_of: Callable[..., Config]) -> None:
    mask = "[[1,1,1,1,1],[0,0,0,0,0],[1,1,1,1,1],[0,0,0,0,0],[1,1,1,1,1]]"
    (notice,) = run(config_of(f"attention.mask={{matrix:{{values:{mask}}}}}")).notices
    assert notice == (
        "pinguins: 2 of 5 queries have every key masked "
        "(zero weights, zero output, left out of the metrics)"
    )


# --- uniform attention -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "retain"),
    [("none", "none"), ("causal", "full"), ("{window: {left: 2, right: 0}}", "full")],
)
def test_the_uniform_value_is_the_metric_of_uniform_weights_under_the_same_mask(
    config_of: ConfigOf, mask: str, retain: str
) -> None:
    text = "sentences.text=the dog saw the dog and the cat"
    names = [
        name
        for name in METRICS
        if name not in (*SET_METRICS, *(FLOW_METRICS if retain == "none" else ()))
    ]
    asked = f"metrics=[{','.join(names)}]", "plots=[]", f"attention.retain={retain}"
    config = config_of(*GAUSSIAN, text, f"attention.mask={mask}", *asked)
    (outcome,) = run(config).layers
    (even,) = run(
        config_of(*GAUSSIAN, text, f"attention.mask={mask}", *asked, "attention.scale=0")
    ).layers
    assert outcome.uniform is not None
    for name in names:
        if name in HEAD_METRICS:
            np.testing.assert_array_equal(outcome.uniform.heads[name], even.metrics.heads[name])
        else:
            np.testing.assert_array_equal(outcome.uniform.rows[name], even.metrics.rows[name])
    counts = outcome.metrics.totals.allowed_counts
    np.testing.assert_allclose(outcome.uniform.rows["entropy"], np.log(counts), atol=1e-12)
    np.testing.assert_allclose(outcome.uniform.rows["max_weight"], 1 / counts)
    assert not np.allclose(outcome.uniform.rows["entropy"], outcome.metrics.rows["entropy"])


def test_the_uniform_sink_mass_under_a_causal_mask_is_the_harmonic_number_over_n(
    config_of: ConfigOf,
) -> None:
    """H_n/n: many call 0.3 a sink, which uniform attention on 9 tokens reaches."""
    words = " ".join(f"w{k}" for k in range(9))
    found = run(
        config_of(*GAUSSIAN, f"sentences.text={words}", "attention=causal", "metrics=[sink_mass]")
    ).scalars["sink_mass_uniform"]
    assert found == pytest.approx(sum(1 / k for k in range(1, 10)) / 9, rel=1e-12)
    assert round(found, 3) == 0.314


def test_a_rotation_of_a_fraction_is_of_the_keys_own_width(config_of: ConfigOf) -> None:
    words = ("embeddings=gaussian", "embeddings.width=20", "projection=identity", "plots=[]")
    [whole] = run(config_of(*words, "attention.rotation={rotary:{fraction:0.3}}")).layers
    static = whole.embedded.vectors
    turned = rotary(static, fraction=6 / 20)
    expected = attend(turned, turned, static).weights
    np.testing.assert_array_equal(whole.attended.weights[0], expected)
