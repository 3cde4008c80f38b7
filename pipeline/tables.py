"""Outcomes → the tables of a run folder: weights, metrics and embeddings, always the same columns.

Positions, heads and layers count from 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records import Outcome, Table


def weights_table(outcomes: Sequence[Outcome]) -> Table:
    """A row a weight, the same columns for every run; positions and heads count from 0."""
    columns = (
        "sentence", "layer", "head", "query_position", "query", "key_position", "key", "weight",
    )  # fmt: skip
    rows = []
    for outcome in outcomes:
        name, layer = outcome.embedded.sentence.name, outcome.layer
        queries, keys = outcome.tokens, outcome.key_tokens
        for head, weights in enumerate(outcome.attended.weights.tolist()):
            for i, row in enumerate(weights):
                rows += [
                    (name, layer, head, i, queries[i], j, keys[j], weight)
                    for j, weight in enumerate(row)
                ]
    return Table(columns, rows)


def metrics_table(outcomes: Sequence[Outcome], names: Sequence[str]) -> Table:
    """A row a query, a column a metric."""
    names = [name for name in names if name in outcomes[0].measured.rows]
    rows = []
    for outcome in outcomes:
        measured, sentence = outcome.measured.rows, outcome.embedded.sentence
        for head in range(len(outcome.attended.weights)):
            for i, token in enumerate(sentence.tokens):
                values = [float(measured[name][head, i]) for name in names]
                rows.append((sentence.name, outcome.layer, head, i, token, *values))
    return Table(("sentence", "layer", "head", "query_position", "query", *names), rows)


def embeddings_table(outcomes: Sequence[Outcome]) -> Table:
    """Static and contextual vectors, a row each, heads side by side in columns x0, x1…

    In cross-attention the static ones are the keys'.
    """
    rows = []
    for outcome in outcomes:
        name, layer = outcome.embedded.sentence.name, outcome.layer
        for kind, tokens, vectors in (
            ("static", outcome.key_tokens, outcome.static),
            ("contextual", outcome.tokens, outcome.contextual),
        ):
            for i, vector in enumerate(vectors.tolist()):
                rows.append((name, layer, i, tokens[i], kind, *vector))
    width = outcomes[0].static.shape[1]
    entries = [f"x{k}" for k in range(width)]
    return Table(("sentence", "layer", "position", "token", "embedding", *entries), rows)
