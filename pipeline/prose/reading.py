"""The reading: each row of weights in words, from the numbers alone, in English or Portuguese.

For every token: its weight on itself, the tokens that get more than the uniform share, and
whether the rest is even. Nothing is said that the numbers do not say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.base.records import Array, LayerResult, Positions, Result
from pipeline.base.registry import lookup
from pipeline.base.serialize import escape_markdown
from pipeline.prose.english import ENGLISH
from pipeline.prose.phrases import Phrases
from pipeline.prose.portuguese import PORTUGUESE

EVEN_WITHIN = 0.005  # weights that print alike at two decimals count as even
MAX_TOKENS = 6  # tokens named in one sentence before "and k more"

LANGUAGES: dict[str, Phrases] = {"en": ENGLISH, "pt": PORTUGUESE}


def write_reading(result: Result, caption: str, language: str = "en") -> str:
    """The whole run as Markdown, ending with its notices."""
    phrases = lookup(LANGUAGES, language, "language")
    lines: list[str] = []
    stacked = any(outcome.layer for outcome in result.layers)
    for outcome in result.layers:
        lines += layer_lines(outcome, caption, phrases, stacked)
    lines += [f"**{phrases.notice}:** {escape_markdown(notice)}\n" for notice in result.notices]
    return "\n".join(lines).rstrip("\n") + "\n"


def layer_lines(outcome: LayerResult, caption: str, phrases: Phrases, stacked: bool) -> list[str]:
    """One sentence in one layer; the sentence's title stands above its first."""
    lines: list[str] = []
    if outcome.layer == 0:
        lines += [
            f"# {phrases.title.format(name=escape_markdown(outcome.embedded.sentence.name))}",
            "",
        ]
        lines += [phrases.settings.format(caption=caption), ""]
    if outcome.embeddings.is_cross:
        keys = ", ".join(number_repeats(outcome.key_tokens))
        lines += [phrases.across.format(tokens=keys), ""]
    if stacked:
        lines += [f"## {phrases.layer.format(layer=outcome.layer)}", ""]
    return [*lines, *head_sections(outcome, phrases, stacked)]


def head_sections(outcome: LayerResult, phrases: Phrases, stacked: bool) -> Iterator[str]:
    """What was kept of every head's rows, or one line that says why nothing can be said."""
    kept, top = outcome.attended.stored_weights, outcome.metrics.totals.top
    if kept is None:
        why = phrases.unkept if top is None else phrases.few.format(count=top.keys.shape[-1])
        yield from (why, "")
    if kept is None and top is None:
        return
    read_head = head_lines if kept is not None else top_lines
    heads = len(outcome.metrics.totals.allowed_counts)
    for head in range(heads):
        if heads > 1:
            yield from (f"##{'#' * stacked} {phrases.head.format(head=head)}", "")
        yield from (*read_head(outcome, head, phrases), "")


def top_lines(outcome: LayerResult, head: int, phrases: Phrases) -> Iterator[str]:
    """One line a query, of the largest weights of its row."""
    queries, tokens = number_repeats(outcome.tokens), number_repeats(outcome.key_tokens)
    seen = outcome.metrics.totals
    assert seen.top is not None
    rows = zip(seen.top.keys[head], seen.top.weights[head], strict=True)
    for query, (keys, row) in enumerate(rows):
        itself = (
            ""
            if outcome.embeddings.is_cross
            else format_weight(seen.self_weight[head, query], phrases)
        )
        clauses = [phrases.itself.format(weight=itself)] if itself else []
        order = [k for k in np.argsort(-row, kind="stable") if row[k] > 0][:MAX_TOKENS]
        named = ", ".join(f"{tokens[keys[k]]} ({format_weight(row[k], phrases)})" for k in order)
        clauses += [phrases.largest.format(tokens=named)] if named else []
        told = "; ".join(clauses) if seen.allowed_counts[head, query] else phrases.masked
        yield f"- **{queries[query]}** {told}."


def format_weight(weight: float, phrases: Phrases) -> str:
    """A weight to two decimals, as the language writes it."""
    return f"{weight:.2f}".replace(".", phrases.decimal)


def head_lines(outcome: LayerResult, head: int, phrases: Phrases) -> Iterator[str]:
    """One line a query."""
    queries, keys = number_repeats(outcome.tokens), number_repeats(outcome.key_tokens)
    weights = outcome.attended.weights[head]
    masks = np.broadcast_to(outcome.attended.allowed, outcome.attended.weights.shape)[head]
    for query, (row, allowed) in enumerate(zip(weights, masks, strict=True)):
        itself = None if outcome.embeddings.is_cross else query
        clauses = "; ".join(row_clauses(row, allowed, itself, keys, phrases))
        yield f"- **{queries[query]}** {clauses}."


def row_clauses(
    row: Array, allowed: Array, itself: int | None, tokens: Sequence[str], phrases: Phrases
) -> Iterator[str]:
    """What one row of weights says, clause by clause; `itself` is the query's own key."""

    def told(weight: float) -> str:
        return format_weight(weight, phrases)

    def named(keys: Positions, weighted: bool = False) -> str:
        shown = [tokens[k] + (f" ({told(row[k])})" if weighted else "") for k in keys[:MAX_TOKENS]]
        rest = [phrases.more.format(count=len(keys) - MAX_TOKENS)] if len(keys) > MAX_TOKENS else []
        return ", ".join(shown + rest)

    keys = np.flatnonzero(allowed)
    others = keys if itself is None else keys[keys != itself]
    if not len(keys):
        yield phrases.masked
        return
    if len(keys) == 1 and itself in (None, keys[0]):
        yield phrases.only.format(token=tokens[keys[0]]) if itself is None else phrases.alone
        return
    share = 1.0 / len(keys)
    if itself is not None:
        yield phrases.itself.format(weight=told(row[itself]))
    is_above = row[others] > share * (1 + 1e-9)
    above, rest = others[is_above], others[~is_above]
    above = above[np.argsort(-row[above], kind="stable")]
    if len(above):
        yield phrases.above.format(share=told(share), tokens=named(above, weighted=True))
    else:
        level = phrases.level if itself is None else phrases.above_none
        yield level.format(share=told(share))
    if len(rest):
        low, high = row[rest].min(), row[rest].max()
        if high - low < EVEN_WITHIN and told(low) == told(high):
            yield phrases.rest_even.format(weight=told(low), tokens=named(rest))
        else:
            yield phrases.rest_spread.format(low=told(low), high=told(high), tokens=named(rest))


def number_repeats(tokens: Sequence[str]) -> list[str]:
    """Tokens fit for a sentence: Markdown escaped, and equal ones told apart by their number.

    >>> number_repeats(["the", "dog", "the"])
    ['the¹', 'dog', 'the²']
    """
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    total, seen, names = Counter(tokens), Counter[str](), []
    for token in tokens:
        seen[token] += 1
        number = str(seen[token]).translate(raised) if total[token] > 1 else ""
        names.append(escape_markdown(token) + number)
    return names
