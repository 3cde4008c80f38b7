"""English."""

from __future__ import annotations

from pipeline.prose.phrases import Phrases

ENGLISH = Phrases(
    title="Reading of {name}",
    settings="Settings: {caption}. Weights are rounded to two decimals.",
    keys="The queries look at another sentence, whose keys are: {tokens}.",
    layer="Layer {layer}",
    head="Head {head}",
    own_weight="gives itself {weight}",
    above_uniform="more than the uniform share of {share} goes to {tokens}",
    no_other_above="no other token gets more than the uniform share of {share}",
    none_above="no token gets more than the uniform share of {share}",
    rest_even="the rest is even, {weight} each ({tokens})",
    rest_between="the rest lies between {low} and {high} ({tokens})",
    largest="the largest weights go to {tokens}",
    fully_masked="every key is masked: it attends to nothing",
    only_itself="has no key but itself: its weight is 1",
    only_key="has only one key: the weight of {token} is 1",
    top_k_retained="Only the {count} largest weights of each row were kept "
    "(attention.retain=top_k), so nothing is said about the others.",
    none_retained="The weights were not kept (attention.retain=none), so no row is described; "
    "metrics.csv has the numbers of every query and keys.csv those of every key.",
    more="and {count} more",
    notice="Notice",
)
