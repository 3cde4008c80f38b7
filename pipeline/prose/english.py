"""English."""

from __future__ import annotations

from pipeline.prose.phrases import Phrases

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
    few="Of every row the {count} largest weights alone were kept (attention.retain=top_k), so "
    "nothing is said of the rest.",
    unkept="The weights were not kept (attention.retain=none), so no row is read; metrics.csv has "
    "the numbers of every query and keys.csv those of every key.",
    more="and {count} more",
    notice="Notice",
)
