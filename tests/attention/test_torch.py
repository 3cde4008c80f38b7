"""attend and attend_gradients against torch and entmax: shapes and stages drawn by hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import attend, attend_gradients
from pipeline.attention import QK_NORMS, rotate
from pipeline.base.records import Array

pytestmark = pytest.mark.oracle
repeatable = settings(derandomize=True, deadline=None, max_examples=100)
TOLERANCE = {np.float32: 3e-6, np.float64: 1e-13}


@st.composite
def arrays(draw: Any, widths: tuple[int, ...] = (1, 2, 3, 5, 8)) -> tuple[Any, ...]:
    """A generator, query [B, H, N, D], key [B, G, M, D], value [B, G, M, E]; G divides H."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch, groups, shared = (draw(st.integers(1, 3)) for _ in range(3))
    queries, keys, values = (draw(st.integers(1, 7)) for _ in range(3))
    wide = draw(st.sampled_from(widths))
    spread = draw(st.sampled_from([0.1, 1.0, 5.0]))
    query = spread * random.standard_normal((batch, groups * shared, queries, wide))
    key = spread * random.standard_normal((batch, groups, keys, wide))
    return random, query, key, random.standard_normal((batch, groups, keys, values))


def broadcast_shapes(query: Array, key: Array) -> list[tuple[int, ...]]:
    """Shapes that broadcast to those of the scores, [B, H, N, M]."""
    (batch, heads, queries), keys = query.shape[:3], key.shape[-2]
    return [
        (queries, keys), (1, keys), (queries, 1), (heads, queries, keys), (batch, 1, 1, keys),
        (batch, heads, queries, keys),
    ]  # fmt: skip


@given(arrays(), st.data())
@pytest.mark.parametrize("dtype", TOLERANCE)
@repeatable
def test_the_output_is_that_of_scaled_dot_product_attention(
    dtype: Any, drawn: tuple[Any, ...], data: st.DataObject
) -> None:
    import torch

    random, *given_arrays = drawn
    query, key, value = (array.astype(dtype) for array in given_arrays)
    shape = data.draw(st.sampled_from(broadcast_shapes(query, key)))
    kind = data.draw(st.sampled_from(["none", "causal", "boolean", "added"]))
    scale = data.draw(st.sampled_from([None, 0.3, 1.0, -2.0]))
    mask = random.random(shape) < 0.6
    bias = random.standard_normal(shape).astype(dtype)
    theirs = {"boolean": mask, "added": bias}.get(kind)
    expected = torch.nn.functional.scaled_dot_product_attention(
        torch.tensor(query), torch.tensor(key), torch.tensor(value),
        attn_mask=None if theirs is None else torch.tensor(theirs),
        is_causal=kind == "causal",
        scale=scale,
        enable_gqa=True,
    )  # fmt: skip
    attended = attend(
        query, key, value,
        scale="sqrt_dk" if scale is None else scale,
        mask={"causal": "causal", "boolean": mask}.get(kind),
        bias=bias if kind == "added" else None,
    )  # fmt: skip
    np.testing.assert_allclose(
        attended.output, expected.numpy(), rtol=0, atol=TOLERANCE[dtype] * np.abs(value).max()
    )


# --- every stage, written out in torch --------------------------------------------------------


def turned(torch: Any, vectors: Any, rotary: dict[str, Any] | None) -> Any:
    """Rotary by complex numbers: pair k at position p times e^(i·p·θ_k)."""
    if rotary is None:
        return vectors
    width = round(rotary["fraction"] * vectors.shape[-1])
    front, kept = vectors[..., :width], vectors[..., width:]
    pairs = (
        front.unflatten(-1, (width // 2, 2))
        if rotary["interleaved"]
        else front.unflatten(-1, (2, width // 2)).mT
    )
    angles = torch.outer(
        torch.arange(vectors.shape[-2], dtype=vectors.dtype),
        rotary["base"] ** (-2.0 * torch.arange(width // 2, dtype=vectors.dtype) / width),
    )
    spun = torch.view_as_real(
        torch.view_as_complex(pairs.contiguous()) * torch.polar(torch.ones_like(angles), angles)
    )
    return torch.cat([(spun if rotary["interleaved"] else spun.mT).flatten(-2), kept], dim=-1)


def normed(torch: Any, vectors: Any, kind: str, gain: Any) -> Any:
    """The QK-norms by torch's own functions."""
    if kind == "none":
        return vectors
    if kind == "l2":
        unit = torch.nn.functional.normalize(vectors, dim=-1)
    else:
        unit = torch.nn.functional.rms_norm(vectors, vectors.shape[-1:], eps=1e-6)
    return unit * torch.as_tensor(gain)


def in_torch(torch: Any, leaves: list[Any], stages: dict[str, Any]) -> tuple[Any, Any]:
    """The weights and the output of query, key, value, bias and temperature."""
    query, key, value, bias, temperature = leaves
    rotary = stages["rotation"]["rotary"] if stages["rotation"] != "none" else None
    query, key = (
        turned(torch, normed(torch, x, stages["qk_norm"], stages["qk_norm_gain"]), rotary)
        for x in (query, key)
    )
    key, value = (x.repeat_interleave(query.shape[1] // x.shape[1], dim=1) for x in (key, value))
    allowed = torch.as_tensor(stages["mask"]).broadcast_to((*query.shape[:-1], key.shape[-2]))
    scale = stages["scale"]
    if isinstance(scale, str):
        counts = allowed.sum(dim=-1, keepdim=True).clamp(min=1)
        width = query.shape[-1]
        scale = {"sqrt_dk": width**-0.5, "none": 1.0, "dk": 1.0 / width}.get(
            scale, stages["log_n_factor"] * counts.double().log() * width**-0.5
        )
    logits = scale * (query @ key.mT) / temperature
    if stages["softcap"] is not None:
        logits = stages["softcap"] * torch.tanh(logits / stages["softcap"])
    some = allowed.any(dim=-1, keepdim=True)
    weights = torch.softmax((logits + bias).masked_fill(some & ~allowed, -torch.inf), -1) * some
    return weights, weights @ value


@st.composite
def cases(draw: Any) -> tuple[Any, ...]:
    """Arrays of an even width, and every stage that comes before a softmax."""
    random, query, key, value = draw(arrays(widths=(2, 4, 8)))
    shapes = broadcast_shapes(query, key)
    gain = draw(st.sampled_from([1.0, 0.5, random.uniform(0.5, 2.0, query.shape[-1])]))
    rotary = {
        "base": draw(st.sampled_from([10.0, 10000.0])),
        "fraction": draw(st.sampled_from([0.5, 1.0])) if query.shape[-1] > 2 else 1.0,
        "interleaved": draw(st.booleans()),
    }
    stages = {
        "scale": draw(st.sampled_from(["sqrt_dk", "none", "dk", "log_n", 0.7, -0.4])),
        "log_n_factor": draw(st.sampled_from([1.0, 0.3])),
        "temperature": draw(st.floats(0.3, 4.0)),
        "softcap": draw(st.sampled_from([None, 0.5, 4.0])),
        "bias": random.standard_normal(draw(st.sampled_from(shapes))),
        "mask": random.random(draw(st.sampled_from(shapes))) < draw(st.sampled_from([0.5, 1.1])),
        "qk_norm": draw(st.sampled_from(["none", "l2", "rms"])),
        "qk_norm_gain": gain,
        "rotation": draw(st.sampled_from(["none", {"rotary": rotary}])),
    }
    return query, key, value, random.standard_normal((*query.shape[:-1], value.shape[-1])), stages


@given(cases())
@repeatable
def test_every_stage_is_as_written_out_in_torch_and_so_is_its_gradient(
    case: tuple[Any, ...],
) -> None:
    import torch

    query, key, value, upstream, stages = case
    full = np.broadcast_to(stages["bias"], (*query.shape[:-1], key.shape[-2])).copy()
    leaves: list[Any] = [
        torch.tensor(array, requires_grad=True)
        for array in (query, key, value, full, np.array(stages["temperature"]))
    ]
    weights, output = in_torch(torch, leaves, stages)
    (torch.tensor(upstream) * output).sum().backward()

    before = {name: stages[name] for name in ("qk_norm", "qk_norm_gain", "rotation")}
    after: dict[str, Any] = {name: stages[name] for name in stages if name not in before}
    norm = QK_NORMS[stages["qk_norm"]]
    turned_query, turned_key = (
        rotate(norm(x, stages["qk_norm_gain"]), stages["rotation"]) for x in (query, key)
    )
    attended = attend(turned_query, turned_key, value, **after)
    np.testing.assert_allclose(attended.weights, weights.detach().numpy(), rtol=0, atol=1e-13)
    np.testing.assert_allclose(attended.output, output.detach().numpy(), rtol=0, atol=1e-12)

    gradients = attend_gradients(query, key, value, upstream, **stages)
    every: Any = (
        gradients.query,
        gradients.key,
        gradients.value,
        gradients.bias,
        gradients.temperature,
    )
    for mine, leaf in zip(every, leaves, strict=True):
        theirs = leaf.grad.numpy()
        largest = max(1.0, np.abs(theirs).max())
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-11 * largest)


# --- the sparse ones ----------------------------------------------------------------------------


@given(arrays(), st.data())
@repeatable
def test_sparse_attention_is_that_of_entmax_row_by_row(
    drawn: tuple[Any, ...], data: st.DataObject
) -> None:
    import entmax
    import torch

    functions: dict[Any, Any] = {
        "sparsemax": entmax.sparsemax,
        "entmax": entmax.entmax15,
        1.2: lambda z, dim: entmax.entmax_bisect(z, 1.2, dim=dim, n_iter=100),
        3.0: lambda z, dim: entmax.entmax_bisect(z, 3.0, dim=dim, n_iter=100),
    }
    random, query, key, value = drawn
    name = data.draw(st.sampled_from([*functions]))
    mask = random.random((query.shape[-2], key.shape[-2])) < data.draw(st.sampled_from([0.6, 1.1]))
    stages: dict[str, Array] = {}
    attended = attend(
        query, key, value,
        mask=mask,
        temperature=data.draw(st.floats(0.2, 4.0)),
        normalizer={"entmax": {"alpha": name}} if isinstance(name, float) else name,
        on_stage=lambda stage, array: stages.update({stage: array.copy()}),
    )  # fmt: skip
    for place in np.ndindex(*query.shape[:-1]):
        kept = mask[place[-1]]
        row = attended.weights[place]
        assert not row[~kept].any()
        if kept.any():
            logits = torch.tensor(stages["scaled"][place][kept])
            expected = functions[name](logits, dim=-1).numpy()
            np.testing.assert_allclose(row[kept], expected, rtol=0, atol=2e-11)
