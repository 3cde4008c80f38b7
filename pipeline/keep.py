"""Keep: which weights a run keeps, and whether all of them would fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline.faults import Fault
from pipeline.records import Prepared

KEEPS = ("full", "top_k", "none")  # all weights, the largest of every row, or none of them
WEIGHT = 8  # bytes


def refuse_too_many(
    prepared: Iterable[Prepared], available: Callable[[], int], layers: int = 1
) -> None:
    """A `Fault` that names the largest sentence where all weights together would not fit."""
    sizes = {one.embedded.sentence.name: layers * size_of(one) for one in prepared}
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
