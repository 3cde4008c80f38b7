"""Tokens, sentences and text files."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.errors import UserError
from pipeline.embed import read_lines, split_sentences, tokenize


@pytest.mark.parametrize(
    ("text", "plain", "split"),
    [
        ("Os pinguins não tem joelho", "Os pinguins não tem joelho", None),
        ("  two\tspaces \n here ", "two spaces here", None),
        ("Wait, what?!", "Wait, what?!", "Wait , what ? !"),
        ("don't copo d’água", "don't copo d’água", None),
        ("state-of-the-art", "state-of-the-art", None),
        ("'quoted' -dash-", "'quoted' -dash-", "' quoted ' - dash -"),
        ("$5 100%", "$5 100%", "$ 5 100 %"),
        ("(knees)...", "(knees)...", "( knees ) . . ."),
        (unicodedata.normalize("NFD", "não!"), unicodedata.normalize("NFD", "não!"),
         unicodedata.normalize("NFD", "não !")),
        ("हिन्दी है।", "हिन्दी है।", "हिन्दी है ।"),
        ("no\u00a0break", "no break", None),
    ],
)  # fmt: skip
def test_texts_are_split_at_white_space_and_on_request_at_punctuation(
    text: str, plain: str, split: str | None
) -> None:
    assert tokenize(text) == tuple(plain.split(" "))
    assert tokenize(text, split_punctuation=True) == tuple((split or plain).split(" "))


@given(st.text(), st.booleans())
def test_nothing_but_white_space_is_lost(text: str, split: bool) -> None:
    tokens = tokenize(text, split)
    assert "".join(tokens) == "".join(text.split())
    assert all(tokens)


def test_one_sentence_has_the_name_of_the_set_and_several_are_numbered() -> None:
    (one,) = split_sentences("cats", ["a cat"])
    assert (one.name, one.tokens) == ("cats", ("a", "cat"))
    names = [s.name for s in split_sentences("cats", ["a", "b", "c"])]
    assert names == ["cats-1", "cats-2", "cats-3"]


def test_a_list_of_tokens_is_not_split() -> None:
    (one,) = split_sentences("s", [["New York", "is", "big."]], split_punctuation=True)
    assert one.tokens == ("New York", "is", "big.")


@pytest.mark.parametrize("empty", ["", " \t", [], ["a", ""], ["a", " "]])
def test_an_empty_sentence_or_token_is_refused(empty: str | list[str]) -> None:
    with pytest.raises(UserError) as caught:
        split_sentences("cats", ["a cat", empty])
    assert str(caught.value) == (
        "sentences.text: sentence 2 of 'cats' is empty or has an empty token"
    )


def test_a_file_has_one_sentence_per_line_without_blank_lines_and_byte_order_mark(
    tmp_path: Path,
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeffOs pinguins\r\n\r\n  \nnão tem joelho".encode())
    assert read_lines(str(path)) == ["Os pinguins", "não tem joelho"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin, blank, missing = (tmp_path / name for name in ("latin.txt", "blank.txt", "none.txt"))
    latin.write_bytes("não".encode("latin-1"))
    blank.write_text("\n \n", encoding="utf-8")
    expected = {
        latin: f"sentences.path: {latin} is not UTF-8 (byte 1: 0xe3); save it as UTF-8",
        blank: f"sentences.path: {blank} holds no sentence; expected at least one line of text",
        missing: f"sentences.path: cannot read {missing} (No such file or directory); "
        "expected a UTF-8 text file, one sentence per line",
        tmp_path: f"sentences.path: cannot read {tmp_path} (Is a directory); "
        "expected a UTF-8 text file, one sentence per line",
    }
    for path, message in expected.items():
        with pytest.raises(UserError) as caught:
            read_lines(str(path))
        assert str(caught.value) == message
