"""Settings by layer and by head: {every: …, 0: …, 3-5: …}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.attention import attend
from pipeline.base.by_index import at_index, check_indices, is_by_index
from pipeline.base.errors import UserError
from pipeline.config.schema.attention import BY_LAYER
from pipeline.config.schema.config import Config
from pipeline.run import run

TWO_LAYERS = (
    "embeddings=gaussian",
    "projection=random",
    "layers.count=2",
    "plots=[]",
    "metrics=[]",
)
# Every setting that may differ by layer: a value for the first layer, and one for the second.
VALUES = {
    "scale": ("none", "0.3"),
    "temperature": ("0.5", "4"),
    "log_n_factor": ("2", "3"),
    "qk_norm": ("l2", "rms"),
    "qk_norm_gain": ("2", "3"),
    "rotation": ("rotary", "none"),
    "softcap": ("1", "null"),
    "bias": ("alibi", "none"),
    "mask": ("causal", "{window:{left:1}}"),
    "order": ("mask_then_cap", "cap_then_mask"),
    "normalizer": ("sparsemax", "{entmax:{alpha:1.3}}"),
}


def test_every_setting_of_the_mechanism_is_tried() -> None:
    assert set(VALUES) == set(BY_LAYER)


@pytest.mark.parametrize("name", VALUES)
def test_a_layer_has_its_own_value(name: str, config_of: Callable[..., Config]) -> None:
    """The first layer is that of a run with its value; written the other way, it is the same."""
    first, second = VALUES[name]
    needs: dict[str, tuple[str, ...]] = {
        "log_n_factor": ("attention.scale=log_n",),
        "qk_norm_gain": ("attention.qk_norm=l2",),
    }
    needs["order"] = ("attention.softcap=2", "attention.mask=causal")
    base = (*TWO_LAYERS, *needs.get(name, ()))
    both = run(config_of(*base, f"attention.{name}={{0:{first},every:{second}}}")).layers
    alone = run(config_of(*base, f"attention.{name}={first}")).layers
    np.testing.assert_array_equal(both[0].attended.weights, alone[0].attended.weights)
    swapped = run(config_of(*base, f"attention.{name}={{1:{second},every:{first}}}")).layers
    for layer in (0, 1):
        np.testing.assert_array_equal(both[layer].attended.weights, swapped[layer].attended.weights)
    assert not np.allclose(both[1].attended.weights, alone[1].attended.weights)


def test_a_temperature_by_head_is_each_head_alone(config_of: Callable[..., Config]) -> None:
    overrides = ("embeddings=gaussian", "projection=random", "embeddings.width=8", "plots=[]")
    config = config_of(
        *overrides, "projection.heads=4", "attention.temperature={heads:{every:1,0:0.5,2-3:4}}"
    )
    [layer] = run(config).layers
    for head, temperature in enumerate((0.5, 1.0, 4.0, 4.0)):
        projected = layer.projected
        alone = attend(
            projected.query[head], projected.key[head], projected.value[head],
            temperature=temperature,
        )  # fmt: skip
        np.testing.assert_allclose(layer.attended.weights[head], alone.weights, rtol=1e-12)


@pytest.mark.parametrize(
    ("value", "count", "said"),
    [
        ({"every": 1, "4": 2}, 4, "T: got layer '4', expected layers 0 to 3"),
        ({"0": 1, "2-3": 2}, 4, "T: layer 1 has no value; expected one, or every"),
        ({"every": 1, "0-2": 2, "2-3": 3}, 4, "T: layer 2 is in both 0-2 and 2-3"),
        ({"every": 1, "3-2": 2}, 4, "T: got layer '3-2', expected layers 0 to 3"),
    ],
)
def test_what_names_no_layer_or_leaves_one_out_is_refused(
    value: Any, count: int, said: str
) -> None:
    with pytest.raises(UserError) as caught:
        check_indices(value, count, "T")
    assert caught.value.lines == (said,)


def test_the_more_particular_key_wins() -> None:
    value = {"every": "e", "1-3": "r", 2: "s"}
    assert [at_index(value, layer) for layer in range(5)] == ["e", "r", "s", "r", "e"]
    assert not is_by_index({"entmax": {"alpha": 1.5}})
    assert not is_by_index({})
