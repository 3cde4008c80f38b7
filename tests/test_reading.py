"""The reading says what the seed says by hand, and nothing that the numbers do not say."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.attention import MASKS
from pipeline.faults import Fault
from pipeline.reading import EVEN, LANGUAGES, NAMED, distinct, escape, read
from pipeline.records import Array, Outcome, Result
from tests.golden import GOLDEN, Golden
from tests.make import golden_outcome, outcome_of, outcome_of_rows

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
    text = read(Result((golden_outcome(),), {}), "scale sqrt_dk, T = 1", language)
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

NUMBER = r"(\d[.,]\d\d)"
CLAUSES = {
    "en": {
        "itself": f"gives itself {NUMBER}",
        "above": f"more than the uniform share of {NUMBER} goes to (.+)",
        "none": f"no other token gets more than the uniform share of {NUMBER}",
        "even": rf"the rest is even, {NUMBER} each \((.+)\)",
        "spread": rf"the rest lies between {NUMBER} and {NUMBER} \((.+)\)",
        "masked": "every key is masked: it attends to nothing",
        "alone": "has no key but itself: its weight is 1",
        "more": r"and (\d+) more",
    },
    "pt": {
        "itself": f"dá a si {NUMBER}",
        "above": f"mais que a parte uniforme de {NUMBER} vai para (.+)",
        "none": f"nenhum outro token recebe mais que a parte uniforme de {NUMBER}",
        "even": rf"o resto é uniforme, {NUMBER} cada \((.+)\)",
        "spread": rf"o resto fica entre {NUMBER} e {NUMBER} \((.+)\)",
        "masked": "todas as chaves estão mascaradas: não atende a nada",
        "alone": "não tem outra chave além de si: seu peso é 1",
        "more": r"e mais (\d+)",
    },
}


def rows_read(outcome: Outcome, language: str) -> list[dict[str, tuple[str, ...]]]:
    """Each line of a reading as its clauses: name → what was filled in. All must be known."""
    lines = [x for x in read(Result((outcome,), {}), "", language).splitlines() if x[:3] == "- *"]
    found = []
    for line, token in zip(lines, outcome.tokens, strict=True):
        start = f"- **{token}** "
        assert line.startswith(start)
        assert line.endswith(".")
        clauses: dict[str, tuple[str, ...]] = {}
        for clause in line.removeprefix(start).removesuffix(".").split("; "):
            (name, match), *others = [
                (name, match)
                for name, pattern in CLAUSES[language].items()
                if (match := re.fullmatch(pattern, clause))
            ]
            assert not others
            clauses[name] = match.groups()
        found.append(clauses)
    return found


def listed(text: str, language: str) -> tuple[list[str], int]:
    """Tokens of a list, and how many "and k more" stands for."""
    tokens = text.split(", ")
    more = re.fullmatch(CLAUSES[language]["more"], tokens[-1])
    return (tokens[:-1], int(more[1])) if more else (tokens, 0)


def check_row(
    clauses: dict[str, tuple[str, ...]], row: Array, allowed: Array, query: int, language: str
) -> None:
    """Every clause against the numbers, and every number against the clauses."""
    decimal = "," if language == "pt" else "."

    def shown(weight: float) -> str:
        return f"{weight:.2f}".replace(".", decimal)

    keys = np.flatnonzero(allowed).tolist()
    if not keys:
        assert set(clauses) == {"masked"}
        return
    if keys == [query]:
        assert set(clauses) == {"alone"}
        return
    others = {k for k in keys if k != query}
    share = 1 / len(keys)
    above = {k for k in others if row[k] > share + 1e-9}
    rest = others - above
    assert clauses.pop("itself") == (shown(row[query]),)
    if above:
        told, named = clauses.pop("above")
        tokens, more = listed(named, language)
        names = [token.partition(" ")[0] for token in tokens]
        assert [token.partition(" ")[2] for token in tokens] == [
            f"({shown(row[int(name[1:])])})" for name in names
        ]
        told_above = [int(name[1:]) for name in names]
        assert set(told_above) <= above
        assert len(told_above) == min(len(above), NAMED)
        assert more == len(above) - len(told_above)
        # The heaviest first, so "and k more" leaves out the lightest.
        assert sorted(row[told_above])[::-1] == list(row[told_above])
        assert min(row[told_above]) >= max((row[k] for k in above - {*told_above}), default=0)
    else:
        (told,) = clauses.pop("none")
    assert told == shown(share)
    if rest:
        if "even" in clauses:
            weight, named = clauses.pop("even")
            assert {shown(row[k]) for k in rest} == {weight}
            assert np.ptp(row[list(rest)]) < EVEN
        else:
            low, high, named = clauses.pop("spread")
            assert (low, high) == (shown(min(row[list(rest)])), shown(max(row[list(rest)])))
        tokens, more = listed(named, language)
        assert {int(token[1:]) for token in tokens} <= rest
        assert len(tokens) == min(len(rest), NAMED)
        assert more == len(rest) - len(tokens)
    assert not clauses


@st.composite
def rows_and_masks(draw: st.DrawFn) -> tuple[Array, Array]:
    """[N, N] weights, many of them equal, under any mask."""
    count = draw(st.integers(1, 10))
    allowed = draw(hnp.arrays(bool, (count, count), elements=st.sampled_from([True, True, False])))
    parts = st.sampled_from([0.0, 1.0, 1.0, 2.0, 5.0]) | st.floats(0.01, 5)
    raw = np.where(allowed, draw(hnp.arrays(float, (count, count), elements=parts)) + 1e-3, 0)
    return raw / np.maximum(raw.sum(axis=-1, keepdims=True), 1e-3), allowed


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=150)
@given(rows_and_masks())
def test_every_clause_is_in_the_numbers_and_every_token_in_a_clause(
    language: str, given: tuple[Array, Array]
) -> None:
    rows, allowed = given
    outcome = outcome_of_rows([f"t{k}" for k in range(len(rows))], rows, allowed)
    for query, clauses in enumerate(rows_read(outcome, language)):
        check_row(clauses, rows[query], allowed[query], query, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mask", MASKS)
def test_so_too_what_attention_itself_gives(language: str, mask: str) -> None:
    outcome = outcome_of([f"t{k}" for k in range(20)], mask=mask)
    weights = outcome.attended.weights[0]
    allowed = np.broadcast_to(outcome.attended.allowed, weights.shape)
    for query, clauses in enumerate(rows_read(outcome, language)):
        check_row(clauses, weights[query], allowed[query], query, language)


# --- form --------------------------------------------------------------------------------------


def test_every_language_fills_every_blank_and_says_something_of_its_own() -> None:
    for name, phrases in LANGUAGES.items():
        for field, english in vars(LANGUAGES["en"]).items():
            blanks = set(re.findall(r"{\w+}", english))
            assert set(re.findall(r"{\w+}", getattr(phrases, field))) == blanks, (name, field)


@pytest.mark.parametrize(("language", "word"), [("en", "Head"), ("pt", "Cabeça")])
def test_several_heads_are_numbered_and_one_is_not(language: str, word: str) -> None:
    two = read(Result((outcome_of("abc", heads=2),), {}), "", language)
    assert re.findall(r"^## .*$", two, re.MULTILINE) == [f"## {word} 0", f"## {word} 1"]
    assert two.count("- **") == 6
    assert "##" not in read(Result((outcome_of("abc"),), {}), "", language)


@pytest.mark.parametrize(("language", "word"), [("en", "Notice"), ("pt", "Aviso")])
def test_notices_stand_at_the_end(language: str, word: str) -> None:
    text = read(Result((golden_outcome(),), {}, ("beware of <this>",)), "", language)
    assert text.endswith(f"\n\n**{word}:** beware of &lt;this&gt;\n")


def test_equal_tokens_are_told_apart() -> None:
    assert distinct(["a", "b", "a", "a"]) == ["a¹", "b", "a²", "a³"]
    assert distinct(["x"] * 11)[9:] == ["x¹⁰", "x¹¹"]
    text = read(Result((outcome_of(["the", "dog", "the"]),), {}), "")
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
    assert escape(token) == shown
    outcome = outcome_of([token, "b"])
    lines = read(Result((outcome,), {}), "").splitlines()
    assert sum(line.startswith("- **") for line in lines) == 2
    assert any(line.startswith(f"- **{shown}** gives itself ") for line in lines)


def test_an_unknown_language_lists_all() -> None:
    with pytest.raises(Fault, match="language: got 'e', expected one of: en, pt"):
        read(Result((golden_outcome(),), {}), "", "e")


def test_the_seed_s_tokens_are_distinct_already() -> None:
    assert distinct(GOLDEN.tokens) == list(GOLDEN.tokens)
