"""Statistics over runs: means, standard errors and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.base.records import Array
from pipeline.base.rng import generator
from pipeline.base.threads import single_threaded_blas

RESAMPLES = 2000  # per interval
LEVEL = 0.95
MAX_ENTRIES = 4_000_000  # numbers in memory at a time


def exact_mean(values: Array) -> Array:
    """The mean over n, [n, K] → [K]; exact where all values are equal.

    >>> exact_mean(np.full((3, 1), 0.1)).tolist()
    [0.1]
    """
    return values[0] + np.mean(values - values[0], axis=0)


def standard_error(values: Array) -> Array:
    """s/√n with s² = Σ(x − x̄)²/(n − 1), [n, K] → [K]; undefined (NaN) for n = 1.

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

    2,000 times n values are drawn with replacement, and the interval holds the middle 95 % of
    their means. The draws depend on n alone, so equal values give equal intervals. Undefined (NaN)
    for n = 1, and too narrow for small n: three seeds say little about a fourth.

    >>> low, high = bootstrap(np.array([[1.0], [2.0], [3.0], [4.0]]))
    >>> low.tolist(), high.tolist()
    ([1.5], [3.5])
    """
    count, columns = values.shape
    low, high = np.full(columns, np.nan), np.full(columns, np.nan)
    if count < 2:
        return low, high
    step = max(MAX_ENTRIES // RESAMPLES, 1)
    for start in range(0, columns, step):
        part = slice(start, start + step)
        differences = np.ascontiguousarray((values[:, part] - values[0, part]).T)  # for the product
        means = np.concatenate([differences @ shares.T for shares in resamples(count)], axis=1)
        tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        low[part], high[part] = np.quantile(means, tails, axis=1, overwrite_input=True)
    return low + values[0], high + values[0]


def resamples(count: int) -> Iterator[Array]:
    """The share of each of n values in each resample, in blocks [R', n]; 2,000 rows in all."""
    draw = generator(0, "bootstrap", count)
    step = max(min(MAX_ENTRIES // count, RESAMPLES), 1)
    for start in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - start)
        drawn = draw.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count) / count


def summarize_groups(groups: Sequence[Array]) -> list[Array]:
    """Groups [n, K] → [4, K] each: mean, standard error, low and high of the values not NaN.

    Columns with equally many values share their resamples, which makes many groups cheap.
    """
    summaries = [np.full((4, group.shape[1]), np.nan) for group in groups]
    by_size: dict[int, list[tuple[int, int, Array]]] = {}
    for index, group in enumerate(groups):
        for column, values in enumerate(group.T):
            defined = values[~np.isnan(values)]
            by_size.setdefault(len(defined), []).append((index, column, defined))
    for size, columns in by_size.items():
        if size:
            values = np.stack([defined for _, _, defined in columns], axis=1)  # [n, columns]
            summary = np.stack([exact_mean(values), standard_error(values), *bootstrap(values)])
            for (index, column, _), numbers in zip(columns, summary.T, strict=True):
                summaries[index][:, column] = numbers
    return summaries
