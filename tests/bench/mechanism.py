"""The mechanism against torch on two cores, each ratio from one run, beside the bar it must clear.

torch comes with `make test-oracle`; float32, 8 heads, width 64.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from pipeline import attend
from pipeline.metrics import ROW_METRICS, RowStream

HEADS, WIDTH = 8, 64
MATERIALIZED = {
    64: 2.0,
    128: 2.0,
    256: 2.0,
    512: 1.0,
    1024: 0.7,
    2048: 0.55,
    4096: 0.55,
    8192: 0.55,
}
FUSED = (1024, 2048, 4096, 8192)
LONG = (16384, 32768, 65536)
BURSTS = 3
Row = tuple[str, int, float, float, float | None]  # what, n, seconds, ratio to the peer, bar


def rows() -> Iterator[Row]:
    """Each case with its peer measured in turn with it; first what torch's memory must not hide."""
    yield from long_rows()
    import torch

    for length, bar in MATERIALIZED.items():
        ours, theirs = problem(length, torch)

        def materialized(given: Any = theirs) -> Any:
            query, key, value = given
            weights = torch.softmax(query @ key.transpose(-1, -2) * WIDTH**-0.5, -1)
            return weights, weights @ value

        taken, peer = pair(partial(attend, *ours), materialized, length)
        yield "weights and output / materialized", length, taken, taken / peer, bar
    for length in FUSED:
        ours, theirs = problem(length, torch)

        def fused(given: Any = theirs) -> Any:
            return torch.nn.functional.scaled_dot_product_attention(*(a[None] for a in given))

        taken, peer = pair(partial(attend, *ours, keep_weights=False), fused, length)
        yield "output alone / fused", length, taken, taken / peer, 1.3
        taken, peer = pair(partial(measured, ours), fused, length)
        yield "output and row metrics / fused", length, taken, taken / peer, 2.0
    small = np.random.default_rng(0).standard_normal((5, 4))
    call = median(seconds(lambda: attend(small, small, small)) for _ in range(3000))
    yield "a call; time and bar in seconds", 5, call, call, 60e-6


def long_rows() -> Iterator[Row]:
    """One head at lengths whose weights fit no memory; the ratio is to a growth as n²."""
    for mask in ("none", "causal"):
        before = None
        for length in LONG:
            given = np.random.default_rng(0).standard_normal((3, length, WIDTH)).astype(np.float32)
            taken = seconds(partial(measured, given, mask))
            ratio = taken / before / 4 if before else float("nan")
            before = taken
            yield f"row metrics, one head, mask {mask}, to n²", length, taken, ratio, None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    yield "peak memory in GB (the weights alone: 17)", LONG[-1], 0.0, peak, 1.0


def measured(given: Any, mask: str = "none") -> Any:
    """Output and every row metric, no weights."""
    shape = (*given[0].shape[:-1], given[1].shape[-2])
    stream = RowStream(ROW_METRICS, shape)
    return attend(*given, mask=mask, keep_weights=False, observer=stream), stream.rows


def problem(length: int, torch: Any) -> tuple[Any, Any]:
    """Query, key and value, as arrays and as tensors over the same memory."""
    given = np.random.default_rng(length).standard_normal((3, HEADS, length, WIDTH))
    ours = tuple(given.astype(np.float32))
    return ours, tuple(map(torch.from_numpy, ours))


def pair(one: Callable[[], Any], two: Callable[[], Any], length: int) -> tuple[float, float]:
    """Medians of both, measured in bursts by turns, so that they share the machine's moods.

    The first calls of a burst do not count: torch's threads spin for a while after a call, on a
    core that the other would use.
    """
    repeats = max(3, min(100, 20_000_000 // length**2))
    taken: tuple[list[float], list[float]] = [], []
    for _ in range(BURSTS):
        for call, times in zip((one, two), taken, strict=True):
            burst = [seconds(call) for _ in range(repeats + max(1, repeats // 4))]
            times += burst[-repeats:]
    return median(taken[0]), median(taken[1])


def seconds(call: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = perf_counter()
    call()
    return perf_counter() - start
