"""Key mass: how much attention each key receives, beside what it would from uniform weights."""

from __future__ import annotations

from pipeline.plots.along import Words, along
from pipeline.records import Drawing, Outcome

WORDS = Words(
    title="Attention received by each key",
    axis="Keys",
    unit="Mean weight over the queries",
    value="mass",
    uniform="uniform weights",
    column="key",
)


def key_mass(outcome: Outcome, caption: str) -> Drawing:
    """A bar a key, the mean over heads, with each head a dot; dashes mark the null.

    The null is what uniform weights under the same mask would give the key: under a causal mask
    the first one gets H_n/n of them, a harmonic number over n, and is no sink for that.
    """
    seen = outcome.measured.seen
    return along(seen.mass, seen.null, outcome.key_tokens, WORDS, caption)
