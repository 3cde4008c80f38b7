"""Which token of one sentence is which of another, where the two are not the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, eq=False)
class Alignment:
    """Positions of the same tokens in two sentences, and of those without a partner."""

    before: tuple[int, ...]  # [K] positions in the first sentence
    after: tuple[int, ...]  # [K] the partner of each in the second
    only_before: tuple[int, ...]
    only_after: tuple[int, ...]


def align(before: Sequence[str], after: Sequence[str]) -> Alignment:
    """Equal tokens as pairs: the longest stretches in common first, then what is left in order.

    The stretches are those of difflib's SequenceMatcher (Ratcliff & Obershelp 1988), which keep
    the order. A token that stands elsewhere in the other sentence is then paired across it, for
    attention reads a sentence as a set.

    >>> found = align(["man", "fears", "dog"], ["the", "dog", "fears", "man"])
    >>> found.before, found.after, found.only_after
    ((0, 1, 2), (3, 2, 1), (0,))
    """
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    pairs = [(i + k, j + k) for i, j, size in matcher.get_matching_blocks() for k in range(size)]
    taken = {j for _, j in pairs}
    free: dict[str, list[int]] = {}
    for j, token in enumerate(after):
        if j not in taken:
            free.setdefault(token, []).append(j)
    paired = {i for i, _ in pairs}
    for i, token in enumerate(before):
        if i not in paired and free.get(token):
            pairs.append((i, free[token].pop(0)))
    pairs.sort()
    left, right = tuple(i for i, _ in pairs), tuple(j for _, j in pairs)
    only_before = tuple(i for i in range(len(before)) if i not in set(left))
    return Alignment(
        left, right, only_before, tuple(j for j in range(len(after)) if j not in set(right))
    )
