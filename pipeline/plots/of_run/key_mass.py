"""Key mass: how much attention each key receives, beside what uniform weights would give it."""

from __future__ import annotations

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.parts.token_bars import BarText, token_bars

TEXT = BarText(
    title="Attention received by each key",
    axis="Keys",
    unit="Mean weight over the queries",
    value="mass",
    uniform="uniform weights",
    column="key",
)


def key_mass(layer: LayerResult, caption: str) -> Drawing:
    """One bar per key, the mean over heads, each head a dot; dashes under uniform attention.

    Uniform attention has the same mask: under a causal one the first key gets H_n/n of it, a
    harmonic number over n, so a large mass there does not make it an attention sink.
    """
    totals = layer.metrics.totals
    return token_bars(totals.key_mass, totals.key_mass_uniform, layer.key_tokens, TEXT, caption)
