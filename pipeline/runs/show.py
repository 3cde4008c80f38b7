"""What the terminal shows of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table as RichTable

from pipeline.base.console import console, text_table
from pipeline.base.records import LayerResult, Result
from pipeline.metrics import is_uniform_name, uniform_name

MAX_TOKENS = 12  # tokens up to which the weights are printed


def show_result(result: Result, settings: str) -> None:
    """A run: its settings, its weights while they fit, its scalars and its notices."""
    out = console()
    out.print(f"{settings}\nembeddings: {result.layers[0].embedded.source}\n")
    if result.layers[0].attended.stored_weights is None:
        out.print(f"{why_no_weights(result.layers[0])}\n")
    else:
        show_weights(result.layers, out)
    if result.scalars:
        out.print(scalars_table(result.scalars), "")
    for notice in result.notices:
        out.print(f"Notice: {notice}\n")


def why_no_weights(outcome: LayerResult) -> str:
    """Why there are no tables of weights."""
    if (top := outcome.metrics.totals.top) is None:
        return "no weights kept (attention.retain=none); see metrics.csv and keys.csv"
    return f"weights.csv has the {top.keys.shape[-1]} largest of every row (attention.retain=top_k)"


def show_weights(outcomes: Sequence[LayerResult], out: Console) -> None:
    """The first tables of weights that fit, and how many are not shown."""
    shown, stacked = 0, any(outcome.layer for outcome in outcomes)
    for outcome in outcomes:
        for head in range(len(outcome.attended.weights)):
            if max(map(len, (outcome.tokens, outcome.key_tokens))) <= MAX_TOKENS and shown < 4:
                shown += 1
                out.print(weights_table(outcome, head, stacked), "")
    total = sum(len(o.attended.weights) for o in outcomes)
    if shown < total:
        out.print(f"{total - shown} of {total} tables of weights not shown; weights.csv has all\n")


def weights_table(outcome: LayerResult, head: int, stacked: bool) -> RichTable:
    """One head's weights, queries down and keys across; `stacked` among other layers."""
    sentence, many = outcome.embedded.sentence, len(outcome.attended.weights) > 1
    layer = f", layer {outcome.layer}" if stacked else ""
    title = f"Weights of {sentence.name}{layer}" + (f", head {head}" if many else "")
    rows = [
        (token, *map(float, row))
        for token, row in zip(sentence.tokens, outcome.attended.weights[head], strict=True)
    ]
    return text_table(title, ("query \\ key", *outcome.key_tokens), rows)


def scalars_table(values: Mapping[str, float]) -> RichTable:
    """The run's scalars, one a line, each beside its null."""
    rows = [
        (name, value, values.get(uniform_name(name), ""))
        for name, value in values.items()
        if not is_uniform_name(name)
    ]
    columns = ("metric", "value", "if attention were even")
    return text_table("Metrics, mean over queries", columns, rows)
