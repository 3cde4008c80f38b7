"""The order of soft-cap and mask: the right one hides, the other one leaks, by a known amount."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.attention import ORDERS, attend
from pipeline.base.errors import UserError
from pipeline.config.schema.config import Config
from pipeline.metrics import ROW_METRICS, observe
from pipeline.run import describe, run

MASK: Any = ["causal", {"window": {"left": 6}}]
pytestmark = pytest.mark.usefixtures("small_tiles")

SIZE = 23


def problem() -> Any:
    """Query, key and value of two heads."""
    return np.random.default_rng(2).standard_normal((3, 2, SIZE, 8))


def leaked(order: str, **settings: Any) -> Any:
    """[2, N], the weight on keys that the mask meant to hide."""
    watching = observe(["leaked_mass"], (2, SIZE, SIZE))
    attend(*problem(), softcap=3.0, mask=MASK, order=order, observer=watching, **settings)
    return watching.rows["leaked_mass"]


@pytest.mark.parametrize("cap", [0.5, 2.0, 5.0])
def test_flat_scores_leak_as_exp_of_minus_c(cap: float) -> None:
    """Of n keys, k of them seen at logit 0, the others get (n − k)e^−c / (k + (n − k)e^−c)."""
    zeros = np.zeros((6, 2))
    weights = attend(zeros, zeros, zeros, softcap=cap, mask="causal", order="mask_then_cap").weights
    seen = np.arange(1, 7)
    hidden = (6 - seen) * np.exp(-cap)
    np.testing.assert_allclose(np.triu(weights, 1).sum(axis=-1), hidden / (seen + hidden))


@pytest.mark.parametrize(
    "settings", [{}, {"rows": 4}, {"rows": 4, "threads": 2, "keep_weights": False}]
)
def test_the_metric_is_what_the_mask_meant_to_hide(settings: dict[str, Any]) -> None:
    assert not leaked("cap_then_mask", **settings).any()
    query, key, _ = problem()
    logits = 3 * np.tanh(query @ key.swapaxes(-1, -2) / np.sqrt(8) / 3)
    i, j = np.indices((SIZE, SIZE))
    logits[:, (j > i) | (j < i - 6)] = -3.0
    weights = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = (weights * ((j > i) | (j < i - 6))).sum(axis=-1)
    np.testing.assert_allclose(leaked("mask_then_cap", **settings), expected, rtol=1e-12)


def test_every_key_takes_part_again_and_says_so() -> None:
    attended = attend(*problem(), softcap=3.0, mask=MASK, order="mask_then_cap", rows=4)
    assert (attended.weights > 0).all()
    assert attended.allowed.all()


def test_heads_with_masks_of_their_own_leak_each_its_own() -> None:
    drawn = np.random.default_rng(1)
    query, key, value = drawn.standard_normal((3, 6, 20, 4))
    mask = drawn.random((6, 20, 20)) > 0.5
    settings: Any = {"softcap": 2.0, "order": "mask_then_cap"}
    together = attend(query, key, value, mask=mask, **settings).weights
    for head in (0, 3, 5):
        alone = attend(query[head], key[head], value[head], mask=mask[head], **settings).weights
        np.testing.assert_allclose(together[head], alone, rtol=1e-12)


@pytest.mark.parametrize("missing", [{"mask": MASK}, {"softcap": 3.0}, {}])
def test_without_a_cap_or_a_mask_it_is_refused(missing: dict[str, Any]) -> None:
    with pytest.raises(
        UserError, match=r"^attention.order: got 'mask_then_cap', which caps the −∞"
    ):
        attend(*problem(), order="mask_then_cap", **missing)


def test_an_order_that_does_not_exist_lists_those_that_do() -> None:
    with pytest.raises(UserError, match=f"expected one of: {', '.join(ORDERS)}"):
        attend(*problem(), order="mask_only")


def test_a_run_says_what_it_does_and_how_much_leaks(config_of: Callable[..., Config]) -> None:
    config = config_of(
        "attention.order=mask_then_cap", "attention.mask=causal", "attention.softcap=2"
    )
    result = run(config)
    mass = result.layers[0].metrics.scalars["leaked_mass"]
    assert 0.01 < mass < 0.5
    (notice,) = result.notices
    assert f"which turns −∞ into −2, so masked keys get {mass:.2g} of a query's weight" in notice
    assert "order mask_then_cap" in describe(config)
    assert "leaked_mass" not in result.scalars  # it was not asked for
    assert ROW_METRICS["leaked_mass"].__doc__
