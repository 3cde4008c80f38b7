"""The reading: each row of weights in words, from the numbers alone.

For every query: its weight on itself, the tokens that get more than the uniform share, and whether
the rest is even. It claims nothing that the numbers do not show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.base.records import Array, LayerResult, Positions, Result
from pipeline.base.registry import lookup
from pipeline.base.serialize import escape_markdown
from pipeline.prose.languages import LANGUAGES
from pipeline.prose.phrases import Phrases

EVEN_WITHIN = 0.005  # weights that differ by less, and print alike at two decimals, are even
MAX_TOKENS = 6  # tokens named in one clause before "and 3 more"
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def write_reading(result: Result, caption: str, language: str = "en") -> str:
    """The whole run as Markdown, ending with its notices."""
    phrases = lookup(LANGUAGES, language, "language")
    lines: list[str] = []
    has_layers = any(layer.layer for layer in result.layers)
    for layer in result.layers:
        lines += layer_lines(layer, caption, phrases, has_layers)
    lines += [f"**{phrases.notice}:** {escape_markdown(notice)}\n" for notice in result.notices]
    return "\n".join(lines).rstrip("\n") + "\n"


def layer_lines(layer: LayerResult, caption: str, phrases: Phrases, has_layers: bool) -> list[str]:
    """One sentence in one layer; the first layer has the title of the sentence above it."""
    lines: list[str] = []
    if layer.layer == 0:
        name = escape_markdown(layer.embedded.sentence.name)
        lines += [f"# {phrases.title.format(name=name)}", ""]
        lines += [phrases.settings.format(caption=caption), ""]
    if layer.embeddings.is_cross:
        keys = ", ".join(number_repeats(layer.key_tokens))
        lines += [phrases.keys.format(tokens=keys), ""]
    if has_layers:
        lines += [f"## {phrases.layer.format(layer=layer.layer)}", ""]
    return [*lines, *head_sections(layer, phrases, has_layers)]


def head_sections(layer: LayerResult, phrases: Phrases, has_layers: bool) -> Iterator[str]:
    """The rows of every head, as far as they were kept, and a line where they were not."""
    weights, top = layer.attended.stored_weights, layer.metrics.totals.top
    if weights is None:
        count = 0 if top is None else top.keys.shape[-1]
        yield phrases.top_k_retained.format(count=count) if top else phrases.none_retained
        yield ""
        if top is None:
            return
    row_lines = top_k_lines if weights is None else all_keys_lines
    heads = len(layer.metrics.totals.allowed_counts)
    for head in range(heads):
        if heads > 1:
            yield from (f"{'###' if has_layers else '##'} {phrases.head.format(head=head)}", "")
        yield from (*row_lines(layer, head, phrases), "")


def all_keys_lines(layer: LayerResult, head: int, phrases: Phrases) -> Iterator[str]:
    """One line per query, about its whole row of weights."""
    queries, keys = number_repeats(layer.tokens), number_repeats(layer.key_tokens)
    weights = layer.attended.weights[head]
    masks = np.broadcast_to(layer.attended.allowed, layer.attended.weights.shape)[head]
    for query, (row, allowed) in enumerate(zip(weights, masks, strict=True)):
        own_key = None if layer.embeddings.is_cross else query
        clauses = "; ".join(row_clauses(row, allowed, own_key, keys, phrases))
        yield f"- **{queries[query]}** {clauses}."


def row_clauses(
    row: Array, allowed: Array, own_key: int | None, tokens: Sequence[str], phrases: Phrases
) -> Iterator[str]:
    """What one row [M] of weights says, clause by clause; `own_key` is None in cross-attention."""

    def written(weight: float) -> str:
        return format_weight(weight, phrases)

    def listed(keys: Positions, with_weights: bool = False) -> str:
        names = [
            f"{tokens[k]} ({written(row[k])})" if with_weights else tokens[k]
            for k in keys[:MAX_TOKENS]
        ]
        hidden = len(keys) - len(names)
        return ", ".join([*names, phrases.more.format(count=hidden)] if hidden else names)

    keys = np.flatnonzero(allowed)
    others = keys if own_key is None else keys[keys != own_key]
    if not len(keys):
        yield phrases.fully_masked
        return
    if len(keys) == 1 and own_key in (None, keys[0]):
        is_cross = own_key is None
        yield phrases.only_key.format(token=tokens[keys[0]]) if is_cross else phrases.only_itself
        return
    share = 1.0 / len(keys)
    if own_key is not None:
        yield phrases.own_weight.format(weight=written(row[own_key]))
    is_above = row[others] > share * (1 + 1e-9)
    above, rest = others[is_above], others[~is_above]
    above = above[np.argsort(-row[above], kind="stable")]
    if len(above):
        yield phrases.above_uniform.format(share=written(share), tokens=listed(above, True))
    else:
        none_above = phrases.none_above if own_key is None else phrases.no_other_above
        yield none_above.format(share=written(share))
    if len(rest):
        low, high = row[rest].min(), row[rest].max()
        if high - low < EVEN_WITHIN and written(low) == written(high):
            yield phrases.rest_even.format(weight=written(low), tokens=listed(rest))
        else:
            yield phrases.rest_between.format(
                low=written(low), high=written(high), tokens=listed(rest)
            )


def top_k_lines(layer: LayerResult, head: int, phrases: Phrases) -> Iterator[str]:
    """One line per query, about the largest weights of its row."""
    queries, tokens = number_repeats(layer.tokens), number_repeats(layer.key_tokens)
    totals = layer.metrics.totals
    assert totals.top is not None
    rows = zip(totals.top.keys[head], totals.top.weights[head], strict=True)
    for query, (keys, row) in enumerate(rows):
        clauses = []
        if not layer.embeddings.is_cross:
            own_weight = format_weight(totals.self_weight[head, query], phrases)
            clauses.append(phrases.own_weight.format(weight=own_weight))
        order = [k for k in np.argsort(-row, kind="stable") if row[k] > 0][:MAX_TOKENS]
        names = ", ".join(f"{tokens[keys[k]]} ({format_weight(row[k], phrases)})" for k in order)
        if names:
            clauses.append(phrases.largest.format(tokens=names))
        is_masked = not totals.allowed_counts[head, query]
        yield f"- **{queries[query]}** {phrases.fully_masked if is_masked else '; '.join(clauses)}."


def format_weight(weight: float, phrases: Phrases) -> str:
    """A weight to two decimals, as the language writes it."""
    return f"{weight:.2f}".replace(".", phrases.decimal)


def number_repeats(tokens: Sequence[str]) -> list[str]:
    """Tokens as Markdown, equal ones told apart by a number.

    >>> number_repeats(["the", "dog", "the"])
    ['the¹', 'dog', 'the²']
    """
    total, count, names = Counter(tokens), Counter[str](), []
    for token in tokens:
        count[token] += 1
        number = str(count[token]).translate(SUPERSCRIPTS) if total[token] > 1 else ""
        names.append(escape_markdown(token) + number)
    return names
