"""Text → sentences → tokens, split at white space and, on request, at punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pipeline.base.errors import UserError
from pipeline.base.records import Sentence

# Letters and digits joined by inner apostrophes and hyphens ("d'água", "state-of-the-art"), or one
# other character; each with its combining marks, which NUL stands for.
WORD_OR_MARK = re.compile(r"[\w\0]+(?:['’-][\w\0]+)*|[^\w\s]\0*")


def tokenize(text: str, split_punctuation: bool = False) -> tuple[str, ...]:
    """The tokens of `text`: split at white space and, with `split_punctuation`, at punctuation.

    >>> tokenize("Os pinguins não tem joelho")
    ('Os', 'pinguins', 'não', 'tem', 'joelho')
    >>> tokenize("Wait, what?", split_punctuation=True)
    ('Wait', ',', 'what', '?')
    """
    if not split_punctuation:
        return tuple(text.split())
    marks_as_nul = "".join("\0" if unicodedata.category(c).startswith("M") else c for c in text)
    return tuple(text[slice(*match.span())] for match in WORD_OR_MARK.finditer(marks_as_nul))


def read_lines(path: str) -> list[str]:
    """The sentences of a UTF-8 text file, one per line; blank lines are skipped."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"sentences.path: {path} is not UTF-8 (byte {error.start}: "
            f"0x{error.object[error.start]:02x}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise UserError(
            f"sentences.path: cannot read {path} ({error.strerror}); "
            "expected a UTF-8 text file, one sentence per line"
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise UserError(
            f"sentences.path: {path} holds no sentence; expected at least one line of text"
        )
    return lines


def split_sentences(
    name: str, texts: Sequence[str | Sequence[str]], split_punctuation: bool = False
) -> tuple[Sentence, ...]:
    """Sentences, each from a text or a list of tokens, named `name` or `name-1`, `name-2`, …

    >>> [s.name for s in split_sentences("cats", ["a cat", ["two", "cats"]])]
    ['cats-1', 'cats-2']
    """
    sentences = []
    for number, text in enumerate(texts, start=1):
        tokens = tokenize(text, split_punctuation) if isinstance(text, str) else tuple(text)
        if not tokens or any(not token.strip() for token in tokens):
            raise UserError(
                f"sentences.text: sentence {number} of {name!r} is empty or has an empty token"
            )
        sentences.append(Sentence(name if len(texts) == 1 else f"{name}-{number}", tokens))
    return tuple(sentences)


def key_sentences(
    texts: Sequence[str | Sequence[str]], count: int, split_punctuation: bool = False
) -> tuple[Sentence, ...]:
    """The keys' sentences of `count` sentences in cross-attention: one text each, or one for all.

    >>> [s.tokens for s in key_sentences(["a cat"], 2)]
    [('a', 'cat'), ('a', 'cat')]
    """
    if len(texts) not in (1, count):
        expected = "1 text" if count == 1 else f"1 text for all or {count}, one per sentence"
        raise UserError(f"sentences.keys: got {len(texts)} texts, expected {expected}")
    sentences = split_sentences("keys", texts, split_punctuation)
    return sentences * (count // len(sentences))
