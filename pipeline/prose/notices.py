"""Notices: what a reader must know before trusting the numbers of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.base.records import LayerResult
from pipeline.metrics import SELF_ATTENTION_ONLY

NEARLY_IDENTITY = 0.95  # mean weight of a token on itself from which a notice says so


def find_notices(
    layers: Sequence[LayerResult], metrics: Sequence[str], settings: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """All notices of a run; `settings` are those of the mechanism, layer by layer."""
    is_layered = any(layer.layer for layer in layers)
    notices = list(undefined_metrics(layers, metrics))
    for layer in layers:
        sentence = layer.embedded.sentence.name
        prefix = f"{sentence}, layer {layer.layer}" if is_layered else sentence
        notices += [f"{prefix}: {notice}" for notice in layer_notices(layer, settings[layer.layer])]
    return tuple(notices)


def undefined_metrics(layers: Sequence[LayerResult], metrics: Sequence[str]) -> Iterator[str]:
    """The metrics that are undefined in cross-attention."""
    undefined = [name for name in metrics if name in SELF_ATTENTION_ONLY]
    if undefined and any(layer.embeddings.is_cross for layer in layers):
        verb = "is" if len(undefined) == 1 else "are"
        yield (
            f"cross-attention: a query has no key of its own, so {', '.join(undefined)} {verb} "
            "undefined"
        )


def layer_notices(layer: LayerResult, attention: Mapping[str, Any]) -> Iterator[str]:
    """The notices of one sentence in one layer."""
    totals = layer.metrics.totals
    fully_masked = int((totals.allowed_counts == 0).sum())
    if fully_masked:
        yield (
            f"{fully_masked} of {totals.allowed_counts.size} queries have every key masked (zero "
            "weights, zero output, left out of the metrics)"
        )
    if attention["order"] == "mask_then_cap":
        yield (
            "the mask comes before the soft-cap (attention.order=mask_then_cap), which turns −∞ "
            f"into −{attention['softcap']:g}, so masked keys get "
            f"{layer.metrics.scalars['leaked_mass']:.2g} of a query's weight; cap_then_mask leaks "
            "nothing"
        )
    has_choice = totals.allowed_counts > 1
    if layer.embeddings.is_cross or not has_choice.any():
        return
    self_weight = float(totals.self_weight[has_choice].mean())
    if self_weight >= NEARLY_IDENTITY:
        yield (
            f"the weights are nearly the identity (mean weight on itself {self_weight:.3f}), so "
            "the tokens hardly move; equal queries and keys do this (try projection=random), and "
            "so does a missing 1/√d_k"
        )
