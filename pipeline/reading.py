"""The reading: each row of weights in words, from the numbers alone, in English or Portuguese.

For every token: its weight on itself, the tokens that get more than the uniform share, and
whether the rest is even. Nothing is said that the numbers do not say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.choose import choose
from pipeline.records import Array, Outcome, Positions, Result

EVEN = 0.005  # weights that print alike at two decimals count as even
NAMED = 6  # tokens named in one sentence before "and k more"


@dataclass(frozen=True)
class Phrases:
    """One language: every phrase with its blanks."""

    title: str
    settings: str
    head: str
    layer: str
    itself: str
    above: str
    above_none: str
    rest_even: str
    rest_spread: str
    masked: str
    alone: str
    level: str
    only: str
    across: str
    largest: str
    few: str
    unkept: str
    more: str
    notice: str
    decimal: str = "."


ENGLISH = Phrases(
    title="Reading of {name}",
    settings="Settings: {caption}. Weights are rounded to two decimals.",
    head="Head {head}",
    layer="Layer {layer}",
    itself="gives itself {weight}",
    above="more than the uniform share of {share} goes to {tokens}",
    above_none="no other token gets more than the uniform share of {share}",
    rest_even="the rest is even, {weight} each ({tokens})",
    rest_spread="the rest lies between {low} and {high} ({tokens})",
    masked="every key is masked: it attends to nothing",
    alone="has no key but itself: its weight is 1",
    level="no token gets more than the uniform share of {share}",
    only="has one key alone: the weight of {token} is 1",
    across="The queries look at another sentence, whose keys are: {tokens}.",
    largest="the largest weights go to {tokens}",
    few="Of every row the {count} largest weights alone were kept (attention.keep=top_k), so "
    "nothing is said of the rest.",
    unkept="The weights were not kept (attention.keep=none), so no row is read; metrics.csv has "
    "the numbers of every query and keys.csv those of every key.",
    more="and {count} more",
    notice="Notice",
)
PORTUGUESE = Phrases(
    title="Leitura de {name}",
    settings="Configuração: {caption}. Os pesos estão arredondados a duas casas decimais.",
    head="Cabeça {head}",
    layer="Camada {layer}",
    itself="dá a si {weight}",
    above="mais que a parte uniforme de {share} vai para {tokens}",
    above_none="nenhum outro token recebe mais que a parte uniforme de {share}",
    rest_even="o resto é uniforme, {weight} cada ({tokens})",
    rest_spread="o resto fica entre {low} e {high} ({tokens})",
    masked="todas as chaves estão mascaradas: não atende a nada",
    alone="não tem outra chave além de si: seu peso é 1",
    level="nenhum token recebe mais que a parte uniforme de {share}",
    only="tem uma só chave: o peso de {token} é 1",
    across="As consultas olham para outra frase, cujas chaves são: {tokens}.",
    largest="os maiores pesos vão para {tokens}",
    few="De cada linha só os {count} maiores pesos foram guardados (attention.keep=top_k), e nada "
    "se diz do resto.",
    unkept="Os pesos não foram guardados (attention.keep=none), e nenhuma linha é lida; "
    "metrics.csv tem os números de cada consulta e keys.csv os de cada chave.",
    more="e mais {count}",
    notice="Aviso",
    decimal=",",
)
LANGUAGES: dict[str, Phrases] = {"en": ENGLISH, "pt": PORTUGUESE}


def read(result: Result, caption: str, language: str = "en") -> str:
    """The whole run as Markdown, ending with its notices."""
    phrases = choose(LANGUAGES, language, "language")
    lines: list[str] = []
    stacked = any(outcome.layer for outcome in result.outcomes)
    for outcome in result.outcomes:
        lines += layer_lines(outcome, caption, phrases, stacked)
    lines += [f"**{phrases.notice}:** {escape(notice)}\n" for notice in result.notices]
    return "\n".join(lines).rstrip("\n") + "\n"


def layer_lines(outcome: Outcome, caption: str, phrases: Phrases, stacked: bool) -> list[str]:
    """One sentence in one layer; the sentence's title stands above its first."""
    lines: list[str] = []
    if outcome.layer == 0:
        lines += [f"# {phrases.title.format(name=escape(outcome.embedded.sentence.name))}", ""]
        lines += [phrases.settings.format(caption=caption), ""]
    if outcome.moved.is_cross:
        keys = ", ".join(distinct(outcome.key_tokens))
        lines += [phrases.across.format(tokens=keys), ""]
    if stacked:
        lines += [f"## {phrases.layer.format(layer=outcome.layer)}", ""]
    return [*lines, *rows_of(outcome, phrases, stacked)]


def rows_of(outcome: Outcome, phrases: Phrases, stacked: bool) -> Iterator[str]:
    """What was kept of every head's rows, or one line that says why nothing can be said."""
    kept, top = outcome.attended.kept_weights, outcome.measured.seen.top
    if kept is None:
        why = phrases.unkept if top is None else phrases.few.format(count=top.keys.shape[-1])
        yield from (why, "")
    if kept is None and top is None:
        return
    read_head = head_lines if kept is not None else top_lines
    heads = len(outcome.measured.seen.counts)
    for head in range(heads):
        if heads > 1:
            yield from (f"##{'#' * stacked} {phrases.head.format(head=head)}", "")
        yield from (*read_head(outcome, head, phrases), "")


def top_lines(outcome: Outcome, head: int, phrases: Phrases) -> Iterator[str]:
    """One line a query, of the largest weights of its row."""
    queries, tokens = distinct(outcome.tokens), distinct(outcome.key_tokens)
    seen = outcome.measured.seen
    assert seen.top is not None
    rows = zip(seen.top.keys[head], seen.top.weights[head], strict=True)
    for query, (keys, row) in enumerate(rows):
        itself = "" if outcome.moved.is_cross else number(seen.itself[head, query], phrases)
        clauses = [phrases.itself.format(weight=itself)] if itself else []
        order = [k for k in np.argsort(-row, kind="stable") if row[k] > 0][:NAMED]
        named = ", ".join(f"{tokens[keys[k]]} ({number(row[k], phrases)})" for k in order)
        clauses += [phrases.largest.format(tokens=named)] if named else []
        told = "; ".join(clauses) if seen.counts[head, query] else phrases.masked
        yield f"- **{queries[query]}** {told}."


def number(weight: float, phrases: Phrases) -> str:
    """A weight to two decimals, as the language writes it."""
    return f"{weight:.2f}".replace(".", phrases.decimal)


def head_lines(outcome: Outcome, head: int, phrases: Phrases) -> Iterator[str]:
    """One line a query."""
    queries, keys = distinct(outcome.tokens), distinct(outcome.key_tokens)
    weights = outcome.attended.weights[head]
    masks = np.broadcast_to(outcome.attended.allowed, outcome.attended.weights.shape)[head]
    for query, (row, allowed) in enumerate(zip(weights, masks, strict=True)):
        itself = None if outcome.moved.is_cross else query
        clauses = "; ".join(row_clauses(row, allowed, itself, keys, phrases))
        yield f"- **{queries[query]}** {clauses}."


def row_clauses(
    row: Array, allowed: Array, itself: int | None, tokens: Sequence[str], phrases: Phrases
) -> Iterator[str]:
    """What one row of weights says, clause by clause; `itself` is the query's own key."""

    def told(weight: float) -> str:
        return number(weight, phrases)

    def named(keys: Positions, weighted: bool = False) -> str:
        shown = [tokens[k] + (f" ({told(row[k])})" if weighted else "") for k in keys[:NAMED]]
        rest = [phrases.more.format(count=len(keys) - NAMED)] if len(keys) > NAMED else []
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
        if high - low < EVEN and told(low) == told(high):
            yield phrases.rest_even.format(weight=told(low), tokens=named(rest))
        else:
            yield phrases.rest_spread.format(low=told(low), high=told(high), tokens=named(rest))


def distinct(tokens: Sequence[str]) -> list[str]:
    """Tokens fit for a sentence: Markdown escaped, and equal ones told apart by their number.

    >>> distinct(["the", "dog", "the"])
    ['the¹', 'dog', 'the²']
    """
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    total, seen, names = Counter(tokens), Counter[str](), []
    for token in tokens:
        seen[token] += 1
        number = str(seen[token]).translate(raised) if total[token] > 1 else ""
        names.append(escape(token) + number)
    return names


def escape(text: str) -> str:
    """`text` with the characters that Markdown or HTML would read as markup made literal.

    >>> escape("<b>*a*")
    '&lt;b&gt;\\\\*a\\\\*'
    """
    line = " ".join(text.split())  # a line break in a token must not begin a line of the list
    html = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + c if c in "\\`*_[]#|~" else c for c in html)
