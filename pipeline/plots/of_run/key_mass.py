"""Key mass: how much attention each key receives, beside what it would from uniform weights."""

from __future__ import annotations

from pipeline.base.drawing import Drawing
from pipeline.base.records import LayerResult
from pipeline.plots.parts.token_bars import BarText, token_bars

WORDS = BarText(
    title="Attention received by each key",
    axis="Keys",
    unit="Mean weight over the queries",
    value="mass",
    uniform="uniform weights",
    column="key",
)


def key_mass(outcome: LayerResult, caption: str) -> Drawing:
    """A bar a key, the mean over heads, with each head a dot; dashes mark the null.

    The null is what uniform weights under the same mask would give the key: under a causal mask
    the first one gets H_n/n of them, a harmonic number over n, and is no sink for that.
    """
    seen = outcome.metrics.totals
    return token_bars(seen.key_mass, seen.key_mass_uniform, outcome.key_tokens, WORDS, caption)
