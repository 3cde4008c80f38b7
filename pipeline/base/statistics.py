"""Statistics over runs: means, standard errors and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.base.records import Array
from pipeline.base.rng import generator
from pipeline.base.threads import single_threaded_blas

DRAWS = 2000  # resamples of an interval
LEVEL = 0.95
AT_ONCE = 4_000_000  # numbers held at a time


def exact_mean(values: Array) -> Array:
    """The mean, [n, K] → [K], counted from the first value, so that of equal values it is exact.

    >>> exact_mean(np.full((3, 1), 0.1)).tolist()
    [0.1]
    """
    return values[0] + np.mean(values - values[0], axis=0)


def standard_error(values: Array) -> Array:
    """s/√n with s² = Σ(x − x̄)²/(n − 1), [n, K] → [K]; undefined (NaN) for one value.

    >>> standard_error(np.array([[1.0], [2.0], [3.0]])).round(4).tolist()
    [0.5774]
    """
    count = len(values)
    if count < 2:
        return np.full(values.shape[1:], np.nan)
    return np.std(values - values[0], axis=0, ddof=1) / np.sqrt(count)


@single_threaded_blas
def bootstrap(values: Array) -> tuple[Array, Array]:
    """The 95 % percentile interval of the mean (Efron 1979), [n, K] → low [K] and high [K].

    The n values are drawn again n at a time with replacement, 2,000 times, and the interval holds
    the middle 95 % of the means. The draws depend on n alone, so the same values give the same
    interval. Undefined (NaN) for one value. With few values it is too narrow: three seeds say
    little of a fourth.

    >>> low, high = bootstrap(np.array([[1.0], [2.0], [3.0], [4.0]]))
    >>> low.tolist(), high.tolist()
    ([1.5], [3.5])
    """
    count, columns = values.shape
    low, high = np.full(columns, np.nan), np.full(columns, np.nan)
    if count < 2:
        return low, high
    step = max(AT_ONCE // DRAWS, 1)
    for first in range(0, columns, step):
        part = slice(first, first + step)
        gaps = np.ascontiguousarray((values[:, part] - values[0, part]).T)  # rows lie together
        means = np.concatenate([gaps @ weights.T for weights in resamples(count)], axis=1)
        tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        low[part], high[part] = np.quantile(means, tails, axis=1, overwrite_input=True)
    return low + values[0], high + values[0]


def resamples(count: int) -> Iterator[Array]:
    """Blocks [B, n] of the share that each of n values has in each resample; 2,000 rows in all."""
    draw = generator(0, "bootstrap", count)
    step = max(min(AT_ONCE // count, DRAWS), 1)
    for first in range(0, DRAWS, step):
        rows = min(step, DRAWS - first)
        drawn = draw.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count) / count


def summarize_groups(groups: Sequence[Array]) -> list[Array]:
    """Groups [n, K] → [4, K] each: mean, standard error, low and high, of what is defined.

    Groups of one size are resampled together, by the same draws, which makes many groups cheap.
    """
    found = [np.full((4, group.shape[1]), np.nan) for group in groups]
    by_size: dict[int, list[tuple[int, int, Array]]] = {}
    for place, group in enumerate(groups):
        for column, values in enumerate(group.T):
            defined = values[~np.isnan(values)]
            by_size.setdefault(len(defined), []).append((place, column, defined))
    for size, parts in by_size.items():
        if size:
            together = np.stack([values for _, _, values in parts], axis=1)  # [n, parts]
            told = [exact_mean(together), standard_error(together), *bootstrap(together)]
            for (place, column, _), one in zip(parts, np.stack(told, axis=1), strict=True):
                found[place][:, column] = one
    return found
