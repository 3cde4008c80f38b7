"""The reading says what the seed says by hand, and nothing that the numbers do not say."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.attention import MASKS
from pipeline.base.errors import UserError
from pipeline.base.records import Array, LayerResult, Result
from pipeline.base.serialize import escape_markdown
from pipeline.prose import LANGUAGES
from pipeline.prose.reading import EVEN_WITHIN, MAX_TOKENS, number_repeats, write_reading
from tests.golden import GOLDEN, Golden
from tests.make import golden_outcome, outcome_of, outcome_of_rows
from tests.variants import mask_spec

SEED = {
    "en": """\
# Reading of sample

Settings: scale sqrt_dk, T = 1. Weights are rounded to two decimals.

- **Os** gives itself 0.29; no other token gets more than the uniform share of 0.20; \
the rest is even, 0.18 each (pinguins, não, tem, joelho).
- **pinguins** gives itself 0.24; more than the uniform share of 0.20 goes to tem (0.24), \
joelho (0.24); the rest is even, 0.14 each (Os, não).
- **não** gives itself 0.26; more than the uniform share of 0.20 goes to tem (0.26); \
the rest is even, 0.16 each (Os, pinguins, joelho).
- **tem** gives itself 0.31; no other token gets more than the uniform share of 0.20; \
the rest lies between 0.12 and 0.19 (Os, pinguins, não, joelho).
- **joelho** gives itself 0.34; more than the uniform share of 0.20 goes to pinguins (0.21), \
tem (0.21); the rest is even, 0.12 each (Os, não).
""",
    "pt": """\
# Leitura de sample

Configuração: scale sqrt_dk, T = 1. Os pesos estão arredondados a duas casas decimais.

- **Os** dá a si 0,29; nenhum outro token recebe mais que a parte uniforme de 0,20; \
o resto é uniforme, 0,18 cada (pinguins, não, tem, joelho).
- **pinguins** dá a si 0,24; mais que a parte uniforme de 0,20 vai para tem (0,24), \
joelho (0,24); o resto é uniforme, 0,14 cada (Os, não).
- **não** dá a si 0,26; mais que a parte uniforme de 0,20 vai para tem (0,26); \
o resto é uniforme, 0,16 cada (Os, pinguins, joelho).
- **tem** dá a si 0,31; nenhum outro token recebe mais que a parte uniforme de 0,20; \
o resto fica entre 0,12 e 0,19 (Os, pinguins, não, joelho).
- **joelho** dá a si 0,34; mais que a parte uniforme de 0,20 vai para pinguins (0,21), \
tem (0,21); o resto é uniforme, 0,12 cada (Os, não).
""",
}


@pytest.mark.parametrize("language", SEED)
def test_the_seed_s_sentence_row_by_row(language: str) -> None:
    text = write_reading(Result((golden_outcome(),), {}), "scale sqrt_dk, T = 1", language)
    assert text == SEED[language]


def test_that_is_what_the_published_weights_say(golden: Golden) -> None:
    """The seed's own words, checked on its own numbers, so that the text above is no accident."""
    weights, share = golden.weights, 1 / 5
    above = [{golden.tokens[k] for k in np.flatnonzero(row > share)} for row in weights]
    assert above[0] == {"Os"}
    assert len(set(weights[0, 1:])) == 1  # uniform elsewhere
    assert above[1] == {"pinguins", "tem", "joelho"}
    assert above[2] == {"não", "tem"}
    assert weights[3].argmax() == 3  # tem and joelho mostly to themselves
    assert weights[4].argmax() == 4


# --- nothing that the numbers do not say -------------------------------------------------------

FIELDS = (
    "own_weight",
    "above_uniform",
    "no_other_above",
    "rest_even",
    "rest_between",
    "fully_masked",
    "only_itself",
)


def pattern(phrase: str) -> str:
    """A phrase as a regular expression whose groups are its blanks."""
    return re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(phrase))


def rows_read(outcome: LayerResult, language: str) -> list[dict[str, dict[str, str]]]:
    """Each line of a reading as its clauses: name → blanks filled in. All must be known."""
    phrases = {name: pattern(getattr(LANGUAGES[language], name)) for name in FIELDS}
    lines = [
        x
        for x in write_reading(Result((outcome,), {}), "", language).splitlines()
        if x[:3] == "- *"
    ]
    found = []
    for line, token in zip(lines, outcome.tokens, strict=True):
        start = f"- **{token}** "
        assert line.startswith(start)
        assert line.endswith(".")
        clauses: dict[str, dict[str, str]] = {}
        for clause in line.removeprefix(start).removesuffix(".").split("; "):
            matches = {name: re.fullmatch(phrase, clause) for name, phrase in phrases.items()}
            ((name, match),) = [(name, match) for name, match in matches.items() if match]
            clauses[name] = match.groupdict()
        found.append(clauses)
    return found


def listed(text: str, language: str) -> tuple[list[str], int]:
    """Tokens of a list, and how many "and k more" stands for."""
    tokens = text.split(", ")
    more = re.fullmatch(pattern(LANGUAGES[language].more), tokens[-1])
    return (tokens[:-1], int(more["count"])) if more else (tokens, 0)


def check_row(
    clauses: dict[str, dict[str, str]], row: Array, allowed: Array, query: int, language: str
) -> None:
    """Every clause against the numbers, and every number against the clauses."""

    def shown(weight: float) -> str:
        return f"{weight:.2f}".replace(".", LANGUAGES[language].decimal)

    def check_list(text: str, keys: set[int], weighted: bool) -> list[int]:
        """The tokens named are those keys, up to NAMED of them, and the rest is counted."""
        tokens, more = listed(text, language)
        named = [int(token.partition(" ")[0][1:]) for token in tokens]
        for key, token in zip(named, tokens, strict=True):
            assert token == (f"t{key} ({shown(row[key])})" if weighted else f"t{key}")
        assert set(named) <= keys
        assert len(set(named)) == len(named) == min(len(keys), MAX_TOKENS)
        assert more == len(keys) - len(named)
        return named

    keys = np.flatnonzero(allowed).tolist()
    if not keys or keys == [query]:
        assert set(clauses) == {"only_itself" if keys else "fully_masked"}
        return
    others = {k for k in keys if k != query}
    share = 1 / len(keys)
    above = {k for k in others if row[k] > share + 1e-9}
    rest = others - above
    expected = {"own_weight", "above_uniform" if above else "no_other_above"}
    assert clauses["own_weight"] == {"weight": shown(row[query])}
    if above:
        named = check_list(clauses["above_uniform"]["tokens"], above, weighted=True)
        # The heaviest first, so "and k more" leaves out the lightest.
        assert sorted(row[named])[::-1] == list(row[named])
        assert min(row[named]) >= max((row[k] for k in above - {*named}), default=0)
    assert clauses["above_uniform" if above else "no_other_above"]["share"] == shown(share)
    if rest:
        weights = row[list(rest)]
        even = "rest_even" in clauses
        expected.add("rest_even" if even else "rest_between")
        told = clauses["rest_even" if even else "rest_between"]
        check_list(told.pop("tokens"), rest, weighted=False)
        if even:
            assert {shown(weight) for weight in weights} == {told["weight"]}
            assert np.ptp(weights) < EVEN_WITHIN
        else:
            assert told == {"low": shown(weights.min()), "high": shown(weights.max())}
    assert set(clauses) == expected


@st.composite
def rows_and_masks(draw: st.DrawFn) -> tuple[Array, Array]:
    """[N, N] weights, many of them equal, under any mask."""
    count = draw(st.integers(1, 10))
    allowed = draw(hnp.arrays(bool, (count, count), elements=st.sampled_from([True, True, False])))
    parts = st.sampled_from([0.0, 1.0, 1.0, 2.0, 5.0]) | st.floats(0.01, 5)
    raw = np.where(allowed, draw(hnp.arrays(float, (count, count), elements=parts)) + 1e-3, 0)
    return raw / np.maximum(raw.sum(axis=-1, keepdims=True), 1e-3), allowed


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=80)
@given(rows_and_masks())
def test_every_clause_is_in_the_numbers_and_every_token_in_a_clause(
    language: str, given: tuple[Array, Array]
) -> None:
    rows, allowed = given
    outcome = outcome_of_rows([f"t{k}" for k in range(len(rows))], rows, allowed)
    for query, clauses in enumerate(rows_read(outcome, language)):
        check_row(clauses, rows[query], allowed[query], query, language)


@pytest.mark.parametrize("mask", MASKS)
def test_so_it_is_for_the_weights_of_every_mask(mask: str) -> None:
    outcome = outcome_of([f"t{k}" for k in range(20)], mask=mask_spec(mask, 20))
    weights = outcome.attended.weights[0]
    allowed = np.broadcast_to(outcome.attended.allowed, weights.shape)
    for query, clauses in enumerate(rows_read(outcome, "en")):
        check_row(clauses, weights[query], allowed[query], query, "en")


# --- form --------------------------------------------------------------------------------------


def test_every_language_fills_every_blank_and_says_something_of_its_own() -> None:
    for name, phrases in LANGUAGES.items():
        for field, english in vars(LANGUAGES["en"]).items():
            blanks = set(re.findall(r"{\w+}", english))
            assert set(re.findall(r"{\w+}", getattr(phrases, field))) == blanks, (name, field)


@pytest.mark.parametrize(("language", "word"), [("en", "Head"), ("pt", "Cabeça")])
def test_several_heads_are_numbered_and_one_is_not(language: str, word: str) -> None:
    two = write_reading(Result((outcome_of("abc", heads=2),), {}), "", language)
    assert re.findall(r"^## .*$", two, re.MULTILINE) == [f"## {word} 0", f"## {word} 1"]
    assert two.count("- **") == 6
    assert "##" not in write_reading(Result((outcome_of("abc"),), {}), "", language)


@pytest.mark.parametrize(("language", "word"), [("en", "Notice"), ("pt", "Aviso")])
def test_notices_stand_at_the_end(language: str, word: str) -> None:
    text = write_reading(Result((golden_outcome(),), {}, ("beware of <this>",)), "", language)
    assert text.endswith(f"\n\n**{word}:** beware of &lt;this&gt;\n")


def test_equal_tokens_are_told_apart() -> None:
    assert number_repeats(["a", "b", "a", "a"]) == ["a¹", "b", "a²", "a³"]
    assert number_repeats(["x"] * 11)[9:] == ["x¹⁰", "x¹¹"]
    text = write_reading(Result((outcome_of(["the", "dog", "the"]),), {}), "")
    assert text.count("- **the¹** ") == text.count("- **the²** ") == 1


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("<script>", "&lt;script&gt;"),
        ("a&b", "a&amp;b"),
        ("*a*_b_", r"\*a\*\_b\_"),
        ("[x](y)", r"\[x\](y)"),
        ("`~|#\\", r"\`\~\|\#\\"),
        ("não", "não"),
        ("one\n- **two** gives itself 1.00.", r"one - \*\*two\*\* gives itself 1.00."),
    ],
)
def test_markup_in_a_token_or_a_name_is_literal(token: str, shown: str) -> None:
    assert escape_markdown(token) == shown
    outcome = outcome_of([token, "b"])
    lines = write_reading(Result((outcome,), {}), "").splitlines()
    assert sum(line.startswith("- **") for line in lines) == 2
    assert any(line.startswith(f"- **{shown}** gives itself ") for line in lines)


def test_an_unknown_language_lists_all() -> None:
    with pytest.raises(UserError) as caught:
        write_reading(Result((golden_outcome(),), {}), "", "xx")
    assert str(caught.value) == f"language: got 'xx', expected one of: {', '.join(LANGUAGES)}"


def test_the_seed_s_tokens_are_distinct_already() -> None:
    assert number_repeats(GOLDEN.tokens) == list(GOLDEN.tokens)
