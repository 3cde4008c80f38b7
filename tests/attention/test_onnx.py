"""attend against every case that the onnx package makes for its Attention operator.

Opsets 23 to 25. What the operator says in other words is translated: a floating-point mask is a
bias and, where it is −inf, a mask; a cache of past keys is keys that come first; the diagonal of a
causal mask or a window starts after them.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

from pipeline import attend

pytestmark = pytest.mark.oracle

INPUTS = ("Q", "K", "V", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen")
OUTPUTS = ("Y", "present_key", "present_value", "qk_matmul_output")
READ = {
    "is_causal", "kv_num_heads", "left_window_size", "q_num_heads", "qk_matmul_output_mode",
    "right_window_size", "scale", "softcap", "softmax_precision",
}  # fmt: skip
STAGES = ("scaled", "capped", "masked", "weights")  # of qk_matmul_output_mode 0, 1, 2, 3
# Of the largest number: what the operator's own steps round in its type, 1.5 ulps measured.
TOLERANCE = {"float32": 4 * 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}

# Every case that is not run itself, and why: by the end of its name.
LISTED = {"_expanded": "the operator written out in others, with the numbers of its namesake"}


@cache
def cases() -> dict[str, Any]:
    """The package's cases by name; their numbers are drawn as it makes them, here always alike."""
    from onnx.backend.test.case.node import collect_testcases

    np.random.seed(3)  # noqa: NPY002 (the package draws from NumPy's one seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what other operators' cases do does not matter
        return {case.name: case for case in collect_testcases("Attention")}


def is_run(name: str) -> bool:
    return not name.endswith(tuple(LISTED))


def named(formal: tuple[str, ...], given: Any, arrays: Any) -> dict[str, Any]:
    """The arrays by the operator's own names; what is left out has an empty one."""
    assert len(given) <= len(formal)
    return dict(
        zip([f for f, name in zip(formal, given, strict=False) if name], arrays, strict=True)
    )


class Asked:
    """A case, as what is asked of `attend`."""

    def __init__(self, case: Any) -> None:
        from onnx.helper import get_attribute_value, tensor_dtype_to_np_dtype

        (node,) = case.model.graph.node
        ((arrays, results),) = case.data_sets
        self.given = named(INPUTS, node.input, arrays)
        self.expected = named(OUTPUTS, node.output, results)
        self.attributes = {a.name: get_attribute_value(a) for a in node.attribute}
        self.tolerance = TOLERANCE[self.given["Q"].dtype.name]
        self.in_heads = self.given["Q"].ndim == 4
        precision = self.attributes.get("softmax_precision")
        self.dtype = np.promote_types(
            np.float32, tensor_dtype_to_np_dtype(precision) if precision else np.float32
        )
        self.query = self.heads("Q", "q_num_heads")
        self.key = self.after_past("past_key", self.heads("K", "kv_num_heads"))
        self.value = self.after_past("past_value", self.heads("V", "kv_num_heads"))
        self.shape = (self.query.shape[-2], self.key.shape[-2])

    def heads(self, name: str, count: str) -> Any:
        """[B, N, H·D] → [B, H, N, D], in a type that NumPy computes in."""
        array = self.given[name].astype(self.dtype)
        if self.in_heads:
            return array
        return array.reshape(*array.shape[:2], self.attributes[count], -1).swapaxes(1, 2)

    def after_past(self, name: str, array: Any) -> Any:
        """The keys or values of the cache, and then those that are new."""
        return np.concatenate([self.given.get(name, array[..., :0, :]), array], axis=-2)

    def offset(self) -> Any:
        """At which key the first query stands: one number, or one a batch, [B, 1, 1, 1]."""
        if "nonpad_kv_seqlen" in self.given:
            return self.given["nonpad_kv_seqlen"][:, None, None, None] - self.shape[0]
        return self.given["past_key"].shape[-2] if "past_key" in self.given else 0

    def places(self) -> list[Any]:
        """Causal mask and window: by name where the first query stands at the first key."""
        causal = self.attributes.get("is_causal", 0)
        left, right = (
            None if (size := self.attributes.get(f"{side}_window_size", -1)) < 0 else size
            for side in ("left", "right")
        )
        if not np.any(self.offset()):
            return ["causal"] * causal + [{"window": {"left": left, "right": right}}]
        behind = np.arange(self.shape[0])[:, None] + self.offset() - np.arange(self.shape[1])
        allowed = (behind >= 0) | (not causal)
        allowed &= True if left is None else behind <= left
        allowed &= True if right is None else behind >= -right
        return [{"matrix": {"values": allowed}}]

    def masks(self) -> list[Any]:
        """All that hide a key."""
        masks = self.places()
        if "nonpad_kv_seqlen" in self.given:
            real = np.arange(self.shape[1]) < self.given["nonpad_kv_seqlen"][:, None, None, None]
            masks.append({"matrix": {"values": real}})
        if "attn_mask" in self.given:
            masks.append({"matrix": {"values": self.bias_and_mask()[1]}})
        return masks

    def bias_and_mask(self) -> tuple[Any, Any]:
        """attn_mask as what is added and what is allowed; keys beyond it are not."""
        mask = self.given["attn_mask"]
        allowed = mask if mask.dtype == bool else mask.astype(self.dtype) > -np.inf
        added = np.where(allowed, 0.0 if mask.dtype == bool else mask, 0.0).astype(self.dtype)
        beyond = [(0, 0)] * (mask.ndim - 1) + [(0, self.shape[1] - mask.shape[-1])]
        return np.pad(added, beyond), np.pad(allowed, beyond)

    def answers(self, **settings: Any) -> dict[str, Any]:
        """All outputs of the operator, by `attend`."""
        stages: dict[str, Any] = {}
        if not settings:
            settings["on_stage"] = lambda stage, array: stages.update({stage: array.copy()})
        attended = attend(
            self.query, self.key, self.value,
            scale=self.attributes.get("scale", "sqrt_dk"),
            softcap=self.attributes.get("softcap") or None,
            bias=self.bias_and_mask()[0] if "attn_mask" in self.given else None,
            mask=self.masks(), **settings,
        )  # fmt: skip
        output = attended.output
        if not self.in_heads:
            output = output.swapaxes(1, 2).reshape(*self.given["Q"].shape[:2], -1)
        answers = {"Y": output, "present_key": self.key, "present_value": self.value}
        stage = STAGES[self.attributes.get("qk_matmul_output_mode", 0)]
        return answers | ({"qk_matmul_output": stages[stage]} if stage in stages else {})


def check(asked: Asked, answers: dict[str, Any]) -> None:
    """Every output that was computed is as expected, −inf where it is −inf."""
    for name in asked.expected.keys() & answers.keys():
        wanted = asked.expected[name].astype(asked.dtype)
        largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
        np.testing.assert_allclose(
            answers[name], wanted, rtol=0, atol=asked.tolerance * largest, err_msg=name
        )


def test_every_case_is_run_or_listed_and_asks_nothing_that_is_not_read() -> None:
    """So that a release of onnx which adds an attribute, an input or an opset is seen."""
    assert len(cases()) >= 186
    for name in filter(is_run, cases()):
        (node,) = cases()[name].model.graph.node
        (opset,) = cases()[name].model.opset_import
        assert (node.op_type, opset.version in (23, 24, 25)) == ("Attention", True), name
        assert {a.name for a in node.attribute} <= READ, name
    for name in cases().keys() - set(filter(is_run, cases())):
        (listed,), (run,) = (cases()[n].data_sets for n in (name, name.removesuffix("_expanded")))
        assert all(mine is theirs for mine, theirs in zip(listed, run, strict=True)), name


def test_every_case_in_one_block(subtests: pytest.Subtests) -> None:
    for name in filter(is_run, cases()):
        with subtests.test(name):
            asked = Asked(cases()[name])
            answers = asked.answers()
            assert set(asked.expected) <= set(answers)
            check(asked, answers)


@pytest.mark.usefixtures("tiny_tiles")
def test_every_case_in_blocks_of_rows(subtests: pytest.Subtests) -> None:
    for name in filter(is_run, cases()):
        with subtests.test(name):
            asked = Asked(cases()[name])
            check(asked, asked.answers(rows=3, threads=2))
