"""The closed-form gradients: against central differences, laws, and torch's autograd."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.attention import QK_NORMS, ROTATIONS, attend
from pipeline.attention.backward.inputs import (
    QK_NORM_GRADIENTS,
    ROTATION_GRADIENTS,
    qk_norm_gradient,
    rotary_gradient,
)
from pipeline.attention.backward.softmax import softmax_gradients
from pipeline.attention.score.rotary import rotary
from pipeline.base.errors import UserError

repeatable = settings(derandomize=True, deadline=None, max_examples=25)
seeds = st.integers(0, 2**32 - 1)
STEP = 1e-5


def close(gradients, slope):
    """To what central differences can tell: STEP² and ε/STEP."""
    np.testing.assert_allclose(gradients, slope, rtol=1e-6, atol=1e-8)


def repeated(array, heads):
    """Each key or value head once for every query head that shares it."""
    given = array.shape[-3] if array.ndim > 2 else 1
    return (
        array
        if 1 in (given, heads) or given == heads
        else np.repeat(array, heads // given, axis=-3)
    )


def forward(query, key, value, *, multiplier, softcap=None, bias=None, allowed=None, shift=0.0):
    """The output, stage by stage as the formula reads; `shift` is added to the logits z."""
    heads = query.shape[-3] if query.ndim > 2 else 1
    key, value = repeated(key, heads), repeated(value, heads)
    z = multiplier * np.einsum("...nd,...md->...nm", query, key) + shift
    z = z if softcap is None else softcap * np.tanh(z / softcap)
    z = z if bias is None else z + bias
    raised = np.exp(z) * (1.0 if allowed is None else allowed)
    total = raised.sum(axis=-1, keepdims=True)
    weights = np.divide(raised, total, out=np.zeros_like(raised), where=total > 0)
    return np.einsum("...nm,...me->...ne", weights, value)


def central(function, at):
    """∂function/∂at, entry by entry."""
    slope = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[place] += STEP
        behind[place] -= STEP
        slope[place] = (function(ahead) - function(behind)) / (2 * STEP)
    return slope


# The leading axes of query, key and value: none, heads, groups of heads, batches, broadcast ones.
LEADING = [
    ((), (), ()),
    ((2,), (2,), (2,)),
    ((4,), (2,), (2,)),
    ((4,), (1,), (2,)),
    ((6,), (3,), (2,)),
    ((2,), (), ()),
    ((1,), (3,), (3,)),
    ((2, 2), (2, 1), (2, 2)),
    ((2, 4), (1, 2), (2,)),
    ((), (), (3,)),
]


@st.composite
def cases(draw):
    """The arrays and the stages of one attention, and its upstream gradient."""
    random = np.random.default_rng(draw(seeds))
    leads = draw(st.sampled_from(LEADING))
    queries, keys, width, out = (draw(st.integers(1, 4)) for _ in range(4))
    query = random.standard_normal((*leads[0], queries, width))
    key = random.standard_normal((*leads[1], keys, width))
    value = random.standard_normal((*leads[2], keys, out))
    heads = query.shape[-3] if query.ndim > 2 else 1
    scores = (query @ repeated(key, heads).swapaxes(-1, -2)).shape
    stages = {
        "multiplier": draw(
            st.sampled_from([0.5, 2.0, random.uniform(0.2, 2.0, (*scores[:-1], 1))])
        ),
        "softcap": draw(st.sampled_from([None, 0.5, 3.0])),
        "bias": draw(
            st.sampled_from(
                [None, *(random.standard_normal(s) for s in (scores, scores[-2:], scores[-1:]))]
            )
        ),
        "allowed": draw(
            st.sampled_from(
                [
                    None,
                    np.tri(queries, keys, dtype=bool),
                    random.random(scores) < 0.5,
                    np.arange(queries)[:, None] + np.zeros(keys) > 0,  # row 0 fully masked
                    np.zeros((1, 1), bool),
                ]
            )
        ),
    }
    upstream = random.standard_normal(forward(query, key, value, **stages).shape)
    return query, key, value, upstream, stages


@given(cases())
@repeatable
def test_gradients_are_the_central_differences(case):
    query, key, value, upstream, stages = case

    def loss(query=query, key=key, value=value, **changed):
        return np.sum(upstream * forward(query, key, value, **(stages | changed)))

    gradients = softmax_gradients(query, key, value, upstream, **stages)
    bias = 0.0 if stages["bias"] is None else stages["bias"]
    nothing = np.zeros_like(gradients.bias)
    close(gradients.query, central(lambda x: loss(query=x), query))
    close(gradients.key, central(lambda x: loss(key=x), key))
    close(gradients.value, central(lambda x: loss(value=x), value))
    slope = central(lambda x: loss(bias=bias + x), nothing)
    close(gradients.bias, slope)
    slope = central(lambda x: loss(shift=x), nothing)
    close(gradients.logits, slope)


def test_a_shared_head_gets_the_sum_of_the_gradients_of_its_group():
    random = np.random.default_rng(3)
    query, upstream = random.standard_normal((6, 3, 4)), random.standard_normal((6, 3, 2))
    key, value = random.standard_normal((3, 5, 4)), random.standard_normal((2, 5, 2))
    shared = softmax_gradients(query, key, value, upstream, multiplier=0.5)
    keys, values = key.repeat(2, axis=0), value.repeat(3, axis=0)
    alone = softmax_gradients(query, keys, values, upstream, multiplier=0.5)
    np.testing.assert_allclose(shared.key, alone.key.reshape(3, 2, 5, 4).sum(axis=1))
    np.testing.assert_allclose(shared.value, alone.value.reshape(2, 3, 5, 2).sum(axis=1))


@pytest.mark.parametrize("softcap", [None, 2.0])
def test_gradients_are_those_of_attend(softcap):
    random = np.random.default_rng(8)
    query, upstream = random.standard_normal((2, 4, 5, 3))
    key, value = random.standard_normal((2, 2, 5, 3))
    bias, allowed = random.standard_normal((5, 5)), np.tri(5, k=-1, dtype=bool)

    def loss(query, key, value):
        given = {"softcap": softcap, "bias": bias, "mask": allowed}
        return np.sum(
            upstream * attend(query, key, value, scale=0.7, temperature=0.5, **given).output
        )

    stages = {"multiplier": 0.7 / 0.5, "softcap": softcap, "bias": bias, "allowed": allowed}
    gradients = softmax_gradients(query, key, value, upstream, **stages)
    close(gradients.query, central(lambda x: loss(x, key, value), query))
    close(gradients.key, central(lambda x: loss(query, x, value), key))
    close(gradients.value, central(lambda x: loss(query, key, x), value))


@given(cases(), st.floats(0.3, 5.0))
@repeatable
def test_temperature_gradient_is_the_central_difference(case, temperature):
    query, key, value, upstream, stages = case
    scale = stages["multiplier"]

    def loss(temperature):
        divided = stages | {"multiplier": scale / temperature}
        return np.sum(upstream * forward(query, key, value, **divided))

    divided = stages | {"multiplier": scale / temperature, "temperature": temperature}
    gradients = softmax_gradients(query, key, value, upstream, **divided).temperature
    slope = (loss(temperature + STEP) - loss(temperature - STEP)) / (2 * STEP)
    close(gradients, slope)


@given(cases())
@repeatable
def test_shapes_are_those_of_the_inputs_and_rows_of_the_bias_sum_to_zero(case):
    query, key, value, upstream, stages = case
    gradients = softmax_gradients(query, key, value, upstream, **stages)
    assert gradients.query.shape == query.shape
    assert gradients.key.shape == key.shape
    assert gradients.value.shape == value.shape
    assert gradients.bias.shape == gradients.logits.shape
    np.testing.assert_allclose(gradients.bias.sum(axis=-1), 0.0, atol=1e-13)


@given(cases())
@repeatable
def test_what_is_masked_gets_exactly_nothing(case):
    query, key, value, upstream, stages = case
    allowed = np.arange(query.shape[-2])[:, None] + np.zeros(key.shape[-2]) > 0
    allowed[:, -1] = False
    gradients = softmax_gradients(query, key, value, upstream, **(stages | {"allowed": allowed}))
    for gradient in (gradients.bias, gradients.logits):
        assert not gradient[..., ~allowed].any()
    assert not gradients.query[..., 0, :].any()
    assert not gradients.key[..., -1, :].any()
    assert not gradients.value[..., -1, :].any()


@pytest.mark.parametrize("size", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_logits_stay_finite_in_their_own_type(dtype, size):
    random = np.random.default_rng(3)
    query, key, value, upstream = random.standard_normal((4, 2, 5, 3)).astype(dtype)
    gradients = softmax_gradients(
        query * dtype(size), key, value, upstream,
        multiplier=random.uniform(0.5, 1.0, (5, 1)), softcap=50.0,
        bias=random.standard_normal((5, 5)), allowed=np.tri(5, dtype=bool),
    )  # fmt: skip
    for gradient in (
        gradients.query,
        gradients.key,
        gradients.value,
        gradients.bias,
        gradients.logits,
    ):
        assert gradient.dtype == dtype
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (((2, 3), (4, 5), (4, 2), (2, 2)), "key width D"),
        (((2, 3), (4, 3), (5, 2), (2, 2)), "number of keys M"),
        (((4, 2, 3), (3, 4, 3), (4, 4, 2), (4, 2, 2)), "4 query heads H are no multiple of 3 key"),
        (
            ((2, 3), (4, 3), (4, 2), (2, 3)),
            "upstream: got shape (2, 3), expected that of the output",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_named(shapes, words):
    arrays = [np.zeros(shape) for shape in shapes]
    with pytest.raises(UserError) as caught:
        softmax_gradients(*arrays, multiplier=1.0)
    assert words in str(caught.value)


@given(seeds, st.booleans(), st.sampled_from([0.25, 0.5, 1.0]), st.sampled_from([10.0, 10000.0]))
@repeatable
def test_rotary_gradient_is_the_central_difference(seed, interleaved, fraction, base):
    random = np.random.default_rng(seed)
    vectors, upstream = random.standard_normal((2, 2, 3, 8))
    positions = random.integers(-50, 50, 3) if random.random() < 0.5 else None
    turn = {"base": base, "fraction": fraction, "interleaved": interleaved}
    gradients = rotary_gradient(upstream, positions, **turn)
    slope = central(lambda x: np.sum(upstream * rotary(x, positions, **turn)), vectors)
    close(gradients, slope)


def test_every_qk_norm_and_every_rotation_has_its_gradient():
    assert list(QK_NORM_GRADIENTS) == list(QK_NORMS)
    assert list(ROTATION_GRADIENTS) == list(ROTATIONS)


@pytest.mark.parametrize("kind", QK_NORMS)
@given(seeds, st.sampled_from([None, 0.0, 1e-3, 0.5, 4.0]), st.booleans())
@repeatable
def test_qk_norm_gradient_is_the_central_difference(kind, seed, eps, each):
    random = np.random.default_rng(seed)
    vectors, upstream = random.standard_normal((2, 2, 3, 5))
    gain = random.uniform(0.5, 2.0, 5) if each else 1.5
    how = {"gain": gain} if eps is None else {"gain": gain, "eps": eps}
    gradients = qk_norm_gradient(vectors, upstream, kind, **how)
    slope = central(lambda x: np.sum(upstream * QK_NORMS[kind](x, **how)), vectors)
    close(gradients, slope)


@pytest.mark.parametrize(("kind", "eps"), [("l2", 1e-3), ("rms", 1e-6)])
def test_qk_norm_gradient_of_a_zero_vector(kind, eps):
    zero, upstream = np.zeros((1, 4)), np.array([[1.0, 2.0, 0.0, -1.0]])
    gradients = qk_norm_gradient(zero, upstream, kind, eps=eps)
    np.testing.assert_allclose(gradients, 1e3 * upstream, rtol=1e-12)
    assert not qk_norm_gradient(zero, upstream, kind, eps=0.0).any()


@pytest.mark.parametrize("size", [1e-150, 1.0, 1e150, 1e300])
@pytest.mark.parametrize("kind", ["l2", "rms"])
def test_qk_norm_gradient_scales_with_the_inverse_length(kind, size):
    random = np.random.default_rng(0)
    vectors, upstream = random.standard_normal((2, 3, 6))
    gradients = qk_norm_gradient(size * vectors, upstream, kind, eps=0.0)
    expected = qk_norm_gradient(vectors, upstream, kind, eps=0.0)
    np.testing.assert_allclose(gradients * size, expected, rtol=1e-12, atol=1e-15)


def torch_gradients(torch, case, bias, shift):
    """The same chain in torch, and autograd's gradients of every leaf."""
    query, key, value, upstream, stages = case
    leaves = [torch.tensor(a, requires_grad=True) for a in (query, key, value, bias, shift)]
    q, k, v, b, s = leaves
    heads = q.shape[-3] if q.ndim > 2 else 1
    k, v = (
        a
        if a.ndim < 3 or 1 in (heads, a.shape[-3]) or a.shape[-3] == heads
        else a.repeat_interleave(heads // a.shape[-3], dim=-3)
        for a in (k, v)
    )
    z = torch.as_tensor(stages["multiplier"]) * (q @ k.mT) + s
    z = z if stages["softcap"] is None else stages["softcap"] * torch.tanh(z / stages["softcap"])
    allowed = torch.as_tensor(True if stages["allowed"] is None else stages["allowed"])
    allowed = allowed.broadcast_to(z.shape)
    some = allowed.any(dim=-1, keepdim=True)
    masked = (z + b).masked_fill(some & ~allowed, -torch.inf)
    weights = torch.softmax(masked, dim=-1) * some
    (torch.from_numpy(upstream) * (weights @ v)).sum().backward()
    return [leaf.grad.numpy() for leaf in leaves]


@pytest.mark.oracle
@given(cases())
@repeatable
def test_oracle_gradients_against_autograd(case):
    torch = pytest.importorskip("torch")
    query, key, value, upstream, stages = case
    gradients = softmax_gradients(query, key, value, upstream, **stages)
    bias = np.zeros_like(gradients.bias) + (0.0 if stages["bias"] is None else stages["bias"])
    expected = torch_gradients(torch, case, bias, np.zeros_like(gradients.logits))
    every = (gradients.query, gradients.key, gradients.value, gradients.bias, gradients.logits)
    for mine, theirs in zip(every, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.oracle
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_oracle_gradients_against_scaled_dot_product_attention(causal, groups):
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(groups)
    query, upstream = random.standard_normal((2, 3, 4, 17, 8))
    key, value = random.standard_normal((2, 3, groups, 17, 8))
    leaves = [torch.tensor(a, requires_grad=True) for a in (query, key, value)]
    output = torch.nn.functional.scaled_dot_product_attention(
        *leaves, is_causal=causal, enable_gqa=True
    )
    (output * torch.from_numpy(upstream)).sum().backward()
    allowed = np.tri(17, dtype=bool) if causal else None
    gradients = softmax_gradients(
        query, key, value, upstream, multiplier=1 / np.sqrt(8), allowed=allowed
    )
    for mine, leaf in zip((gradients.query, gradients.key, gradients.value), leaves, strict=True):
        np.testing.assert_allclose(mine, leaf.grad.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.oracle
def test_oracle_qk_norm_gradients_against_autograd():
    torch = pytest.importorskip("torch")
    vectors, upstream = np.random.default_rng(4).standard_normal((2, 3, 5, 8))
    gain = np.linspace(0.5, 2.0, 8)
    functions = {
        "l2": lambda x: torch.nn.functional.normalize(x, dim=-1) * torch.from_numpy(gain),
        "rms": lambda x: torch.nn.functional.rms_norm(x, (8,), torch.from_numpy(gain), 1e-6),
    }
    for kind, function in functions.items():
        leaf = torch.tensor(vectors, requires_grad=True)
        (function(leaf) * torch.from_numpy(upstream)).sum().backward()
        gradients = qk_norm_gradient(vectors, upstream, kind, gain)
        np.testing.assert_allclose(gradients, leaf.grad.numpy(), rtol=1e-11, atol=1e-13)
