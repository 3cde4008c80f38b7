"""What the terminal shows of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table as RichTable

from pipeline.base.console import console, text_table
from pipeline.base.records import LayerResult, Result
from pipeline.metrics import is_uniform_name, uniform_name

MAX_TOKENS = 12  # tokens up to which weights are printed
MAX_TABLES = 4


def show_result(result: Result, settings: str) -> None:
    """A run: its settings, its weights where they fit, its scalars and its notices."""
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


def why_no_weights(layer: LayerResult) -> str:
    """Why no weights are printed."""
    if (top := layer.metrics.totals.top) is None:
        return "no weights kept (attention.retain=none); see metrics.csv and keys.csv"
    return f"weights.csv has the {top.keys.shape[-1]} largest of every row (attention.retain=top_k)"


def show_weights(layers: Sequence[LayerResult], out: Console) -> None:
    """The first tables of weights that fit, and how many are not shown."""
    shown, has_layers = 0, any(layer.layer for layer in layers)
    for layer in layers:
        for head in range(len(layer.attended.weights)):
            is_small = max(len(layer.tokens), len(layer.key_tokens)) <= MAX_TOKENS
            if is_small and shown < MAX_TABLES:
                shown += 1
                out.print(weights_view(layer, head, has_layers), "")
    total = sum(len(layer.attended.weights) for layer in layers)
    if shown < total:
        out.print(f"{total - shown} of {total} tables of weights not shown; weights.csv has all\n")


def weights_view(layer: LayerResult, head: int, has_layers: bool) -> RichTable:
    """One head's weights, queries down and keys across."""
    title = f"Weights of {layer.embedded.sentence.name}"
    title += f", layer {layer.layer}" if has_layers else ""
    title += f", head {head}" if len(layer.attended.weights) > 1 else ""
    rows = [
        (token, *map(float, row))
        for token, row in zip(layer.tokens, layer.attended.weights[head], strict=True)
    ]
    return text_table(title, ("query \\ key", *layer.key_tokens), rows)


def scalars_table(values: Mapping[str, float]) -> RichTable:
    """The scalars of the run, one per line, each beside its value under uniform attention."""
    rows = [
        (name, value, values.get(uniform_name(name), ""))
        for name, value in values.items()
        if not is_uniform_name(name)
    ]
    columns = ("metric", "value", "uniform attention")
    return text_table("Metrics, mean over queries", columns, rows)
