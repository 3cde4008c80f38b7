"""The phrases each language provides for the reading, with their blanks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """The phrases of one language; a clause about a row follows its query, as in "**Os** …"."""

    title: str  # {name} of the sentence
    settings: str  # {caption}: the settings of the mechanism
    keys: str  # {tokens} of the other sentence, in cross-attention
    layer: str  # {layer}: its number
    head: str  # {head}: its number

    # Clauses about one row of weights.
    own_weight: str  # {weight} of the query's own key
    above_uniform: str  # {tokens} with more than the uniform {share}, the largest first
    no_other_above: str  # in self-attention, where no key but its own has more than {share}
    none_above: str  # in cross-attention, where no key has more than {share}
    rest_even: str  # the remaining {tokens} have the same {weight}
    rest_between: str  # the remaining {tokens} have {low} to {high}
    largest: str  # {tokens} with the largest weights, where only those were retained
    fully_masked: str
    only_itself: str  # its own key is the only one
    only_key: str  # {token}, the only key in cross-attention

    # Where the weights were not all retained.
    top_k_retained: str  # only the {count} largest of each row
    none_retained: str

    more: str  # ends a list of tokens: {count} of them are not named
    notice: str  # heading of what to know before trusting the numbers
    decimal: str = "."  # the decimal mark
