"""Two runs with different tokens on the page: aligned and subtracted as the comparison does it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.compare.page.payload import MOST_TOKENS
from pipeline.compare.pair.align import align
from pipeline.compare.pair.difference import difference, format_place
from pipeline.compare.pair.sentence import SentenceDifference
from pipeline.store.read.find import find_runs
from tests.compare.page.browser import number, numbers, opened
from tests.compare.page.pages import swept

pytestmark = pytest.mark.browser
WORDS = ("penguins", "fly", "the", "e\u0301", "é", "👩‍👩‍👧‍👦", "__proto__")
# Repeated tokens, another order, others altogether, the same; a sentence more than the other has.
TEXTS = (
    "[[the,dog,saw,the,cat],[a,b],[x,y,z],[alone]]",
    "[[no,cat,saw,the,old,dog,the,saw],[c,d],[x,y,z]]",
)
LONG = "[" + ",".join(["w"] * (MOST_TOKENS + 1)) + "]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two texts under two names, in two layers of two heads."""
    return swept(
        tmp_path_factory.mktemp("texts"),
        f"sentences.text={','.join(TEXTS)}", "sentences.name=one,two", "embeddings=gaussian",
        "projection=random", "projection.heads=2", "layers.count=2",
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(browser: Any, folder: Path) -> Iterator[Any]:
    with opened(browser, folder / "report.html") as tab:
        tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        yield tab


sentences = st.lists(st.sampled_from(WORDS), max_size=9)


@settings(max_examples=300, deadline=None)
@given(before=sentences, after=sentences)
def test_tokens_are_aligned_as_python_aligns_them(
    page: Any, before: list[str], after: list[str]
) -> None:
    found = page.evaluate("pair => attentionLab.align(...pair)", [before, after])
    told = [tuple(found[k]) for k in ("before", "after", "onlyBefore", "onlyAfter")]
    wanted = align(before, after)
    assert told == [wanted.before, wanted.after, wanted.only_before, wanted.only_after]


def test_long_sentences_are_aligned_as_python_aligns_them(page: Any) -> None:
    """Of random words, of words swapped here and there, and the same word again and again."""
    rng = np.random.default_rng(0)
    one = rng.choice(WORDS, MOST_TOKENS).tolist()
    two = [rng.choice(WORDS) if rng.random() < 0.2 else word for word in one]
    for before, after in itertools.permutations((one, two, one[40:] + one[:40], ["the"] * 99), 2):
        found = page.evaluate("pair => attentionLab.align(...pair)", [before, after])
        wanted = align(before, after)
        assert (tuple(found["before"]), tuple(found["after"])) == (wanted.before, wanted.after)


def show(page: Any, **view: int) -> None:
    """Two runs, a sentence and a head."""
    page.evaluate("view => attentionLab.choose(view)", view)


def cells(page: Any) -> list[list[str]]:
    """The rows of the table of numbers: query, key, A, B, B − A."""
    return page.evaluate(
        "[...document.querySelectorAll('#numbers tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.textContent))"
    )


def alone(page: Any) -> list[tuple[str, str, str]]:
    """Tokens without a partner: the run as Python calls it, the token, and which of its like."""
    found = []
    rule, *lines = page.locator("#alone p").all() or [None]
    assert bool(lines) == bool(rule and "not shared out" in rule.inner_text())
    for line in lines:
        run = {"A": "before", "B": "after"}[line.locator("b").inner_text()]
        for text in line.locator(".token").all_inner_texts():
            token, bracket, which = text.partition(" (")
            found.append((run, token, bracket + which))
    return found


def check(page: Any, one: SentenceDifference, head: int) -> None:
    """The heatmap, the table of numbers and the words against Python's difference."""
    change = one.change[head].ravel()
    assert abs(numbers(page, "#heat-d") - change).max() <= 0.005 + 2e-6
    rows = [row for row in cells(page) if "–" not in row]
    assert [(query, key) for query, key, *_ in rows] == [*itertools.product(one.queries, one.keys)]
    told = np.array([[number(text) for text in row[2:]] for row in rows]).T
    wanted = [one.before[head].ravel(), one.after[head].ravel(), change]
    np.testing.assert_allclose(told, wanted, rtol=1e-3, atol=2e-6)  # the page has six digits
    lone = [(x.run, x.token) for x in one.unpaired if x.axis == "query"]
    assert [(run, token) for run, token, _ in alone(page)] == lone


def test_any_two_runs_are_subtracted_as_the_comparison_subtracts_them(
    page: Any, folder: Path
) -> None:
    """Every pair of runs, either way round: sentences paired, tokens aligned, the rest told."""
    runs = find_runs([folder])
    names = page.evaluate("attentionLab.DATA.sentences")
    subtracted = 0
    for a, b in itertools.permutations(range(len(runs)), 2):
        for one, head in itertools.product(difference(runs[a], runs[b]).sentences, (0, 1)):
            show(
                page, a=a, b=b, sentence=names.index(format_place((one.name, one.layer))), head=head
            )
            check(page, one, head)
            subtracted += 1
    # Layers and heads; four sentences of the first text, three of the second, two that share words.
    assert subtracted == 2 * 2 * (2 * 4 + 2 * 3 + 8 * 2)


def test_tokens_without_a_partner_are_told_and_stand_in_the_table(page: Any) -> None:
    one, two = (text[2:].partition("]")[0].split(",") for text in TEXTS)
    show(page, a=0, b=2, sentence=0, head=0)
    assert alone(page) == [("after", "no", ""), ("after", "old", ""), ("after", "saw", " (2 of 2)")]
    rows = cells(page)
    pairs = {(query, key) for query, key, *_ in rows}
    assert pairs == {*itertools.product(one, one), *itertools.product(two, two)}
    theirs = [row for row in rows if row[2] == "–"]
    assert len(theirs) == 8 * 8 - 5 * 5
    assert {row[4] for row in theirs} == {"–"}
    assert "of the tokens that both have" in page.get_attribute("#heat-d svg", "aria-label")
    show(page, a=0, b=1, sentence=0, head=0)  # the same tokens
    assert alone(page) == []
    assert page.inner_text("#name-d") == "the two runs have the same weights"


def test_what_cannot_be_subtracted_is_said(page: Any) -> None:
    names = page.evaluate("attentionLab.DATA.sentences")
    show(page, a=0, b=2, sentence=names.index("one-2"), head=0)
    assert page.inner_text("#heat-d") == (
        "No difference: the two sentences have no token in common."
    )
    assert alone(page) == []
    show(page, a=0, b=2, sentence=names.index("one-4"), head=0)
    assert page.inner_text("#heat-b") == "This run has not attended to that sentence."
    assert page.inner_text("#heat-d") == "No difference: only one of the two runs has weights here."


def test_a_sentence_of_another_name_is_named_and_stays_when_runs_are_swapped(page: Any) -> None:
    names = page.evaluate("attentionLab.DATA.sentences")
    show(page, a=0, b=3, sentence=names.index("one-3, layer 1"), head=0)
    assert page.inner_text("#name-b").endswith(" · two-3, layer 1")
    before = numbers(page, "#heat-d")
    page.click("#swap")
    assert page.input_value("#sentence") == str(names.index("two-3, layer 1"))
    assert page.inner_text("#name-b").endswith(" · one-3, layer 1")
    np.testing.assert_array_equal(numbers(page, "#heat-d"), -before)


def test_a_long_sentence_keeps_its_place_among_those_that_are_paired(
    browser: Any, tmp_path: Path
) -> None:
    """It is not in the page, but its partner is no other's for that."""
    texts = f"sentences.text=[{LONG},[a,b]],[[a,c],[b,d]]"
    made = swept(tmp_path, texts, "sentences.name=one,two", "embeddings=gaussian")
    with opened(browser, made / "report.html") as page:
        names = page.evaluate("attentionLab.DATA.sentences")
        show(page, a=0, b=3, sentence=names.index("one-2"))
        assert page.inner_text("#name-b").endswith(" · two-2")
        assert page.locator("#heat-d rect").count() == 2
        show(page, a=3, b=0, sentence=names.index("two-1"))
        assert "not in the page" in page.inner_text("#heat-b")


def test_sentences_are_paired_within_their_layer(browser: Any, tmp_path: Path) -> None:
    words = ("sentences.text=[[a,b],[a,c]]", "sentences.name=one,two", "embeddings=gaussian")
    made = swept(tmp_path, *words, "layers.count=1,2")
    with opened(browser, made / "report.html") as page:
        names = page.evaluate("attentionLab.DATA.sentences")
        runs = find_runs([made])
        for a, b in itertools.permutations(range(len(runs)), 2):
            for one in difference(runs[a], runs[b]).sentences:
                show(
                    page,
                    a=a,
                    b=b,
                    sentence=names.index(format_place((one.name, one.layer))),
                    head=0,
                )
                check(page, one, 0)


def test_queries_and_keys_without_a_partner_are_told_apart_in_cross_attention(
    browser: Any, tmp_path: Path
) -> None:
    words = ("sentences.text=[[a,b]],[[b,c]]", "sentences.keys=[[x,y,z]]", "embeddings=gaussian")
    made = swept(tmp_path, *words)
    with opened(browser, made / "report.html") as page:
        lines = page.locator("#alone p").all_inner_texts()
        assert lines[1:] == ["Queries only in A: a", "Queries only in B: c"]
        assert page.locator("#heat-d text.cell").count() == 3


def test_many_and_long_tokens_without_a_partner_fit_a_phone(browser: Any, tmp_path: Path) -> None:
    many = ",".join(f"w{k}" for k in range(30))
    made = swept(tmp_path, f"sentences.text=[[a,{'W' * 300}]],[[a,{many}]]", "embeddings=gaussian")
    with opened(browser, made / "report.html", viewport={"width": 390, "height": 844}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        *_, line = page.locator("#alone p").all_inner_texts()
        assert line.endswith("w11 and 18 more")


def test_more_numbers_than_a_reader_reads_are_in_the_files(browser: Any, tmp_path: Path) -> None:
    """Of both runs together: the one has 4, the other 65 × 65."""
    long = ",".join(["a", "b", *(f"w{k}" for k in range(63))])
    made = swept(tmp_path, f"sentences.text=[[a,b]],[[{long}]]", "embeddings=gaussian")
    with opened(browser, made / "report.html") as page:
        assert page.locator("#numbers").text_content().startswith("More than 4,096 numbers")
        assert page.locator("#numbers table").count() == 0
        show(page, b=0)
        assert len(cells(page)) == 4


def test_a_token_that_only_run_b_has_is_named_where_it_starts(page: Any) -> None:
    show(page, a=0, b=2, sentence=0, head=0)
    assert {"old", "no"} & set(page.locator("#moves .token").all_text_contents())


def test_a_token_that_starts_from_one_place_in_both_runs_is_named_once(
    browser: Any, tmp_path: Path
) -> None:
    """Wherever each of the runs takes it, and so on whichever side of it its name would stand."""
    made = swept(tmp_path, "attention.mask=none,causal")
    with opened(browser, made / "report.html") as page:
        assert page.locator("#moves circle.static").count() == 10
        names = page.locator("#moves .token").all_text_contents()
        assert sorted(names) == ["Os", "joelho", "não", "pinguins", "tem"]
