"""Keep: which weights a run keeps, and whether all of them would fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline.faults import Fault
from pipeline.records import Prepared

KEEPS = ("full", "top_k", "none")  # all weights, the largest of every row, or none of them
WEIGHT = 8  # bytes


def refuse_too_many(
    prepared: Iterable[Prepared], available: Callable[[], int], each: int = 1
) -> None:
    """A `Fault` that names the largest sentence where all weights together would not fit.

    `each` is how many matrices of the weights' shape a sentence has, over all layers.
    """
    sizes = {one.embedded.sentence.name: each * size_of(one) for one in prepared}
    needed = sum(sizes.values())
    if needed < WORTH_ASKING:
        return
    left = available()
    if needed <= left:
        return
    largest = max(sizes, key=lambda name: sizes[name])
    raise Fault(
        f"attention.keep: got 'full', which would hold {gigabytes(needed)} of weights in "
        f"{gigabytes(left)} of free memory ({largest} alone has {gigabytes(sizes[largest])}); "
        "expected top_k or none, which hold no N × M weights"
    )


def refuse_too_long(prepared: Iterable[Prepared]) -> None:
    """A `Fault` that names the first sentence whose logits are too many to be written."""
    for one in prepared:
        count = size_of(one) // WEIGHT
        if count > MOST_LOGITS:
            raise Fault(
                f"stages: {one.embedded.sentence.name} has {count} logits a stage, expected at "
                f"most {MOST_LOGITS} (one head of 512 tokens); leave stages=[] or shorten it"
            )


MOST_LOGITS = 1 << 18  # of one sentence's stage, all heads
WORTH_ASKING = 1 << 26  # bytes; below them no machine is asked


def size_of(prepared: Prepared) -> int:
    """Bytes of one layer's weights, [H, N, M]."""
    heads, queries = prepared.projected.query.shape[:2]
    return WEIGHT * heads * queries * prepared.projected.key.shape[1]


def gigabytes(size: int) -> str:
    """Bytes as a person reads them.

    >>> gigabytes(34_359_738_368)
    '34.36 GB'
    """
    return f"{size / 1e9:.2f} GB"
