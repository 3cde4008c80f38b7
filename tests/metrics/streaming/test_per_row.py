"""Metrics of rows that arrive block by block."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.attention import attend
from pipeline.metrics import ROW_METRICS, RowStream


@pytest.mark.usefixtures("tiny_tiles")
@pytest.mark.parametrize("mask", ["none", "causal", {"window": {"left": 2, "right": 0}}])
def test_metrics_of_blocks_are_those_of_the_whole(mask: object) -> None:
    query, key, value = np.random.default_rng(3).standard_normal((3, 2, 13, 8))
    whole = attend(query, key, value, mask=mask).rows
    for rows in (1, 5, 100):
        stream = RowStream(ROW_METRICS, (2, 13, 13))
        attend(
            query, key, value, mask=mask, keep_weights=False, rows=rows, threads=2, observer=stream
        )
        for name, metric in ROW_METRICS.items():
            np.testing.assert_allclose(stream.rows[name], metric(whole), atol=1e-9, err_msg=name)


@pytest.mark.usefixtures("tiny_tiles")
def test_a_fully_masked_query_stays_undefined() -> None:
    mask = np.ones((6, 6), bool)
    mask[2] = False
    stream = RowStream({"entropy": ROW_METRICS["entropy"]}, (1, 6, 6))
    attend(*np.ones((3, 1, 6, 2)), mask=mask, keep_weights=False, rows=2, observer=stream)
    assert np.isnan(stream.rows["entropy"][0]).tolist() == [k == 2 for k in range(6)]
