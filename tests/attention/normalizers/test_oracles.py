"""Against the frameworks, on random rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pipeline.attention import NORMALIZERS
from tests.attention.normalizers.cases import apply, random_logits

pytestmark = pytest.mark.oracle

SPREADS = [1e-3, 0.1, 1.0, 10.0, 1e3]
SIZES = [1, 2, 17, 1000]
over_rows = pytest.mark.parametrize(
    "logits", [random_logits((8, n), s) for n in SIZES for s in SPREADS], ids=lambda z: str(z.shape)
)


@over_rows
@pytest.mark.parametrize("name", ["sparsemax", "entmax15"])
def test_the_exact_ones_equal_those_of_entmax(logits, name):
    import entmax
    import torch

    kind = "entmax" if name == "entmax15" else name
    expected = getattr(entmax, name)(torch.tensor(logits), dim=-1).numpy()
    assert_allclose(apply(NORMALIZERS[kind](), logits), expected, atol=1e-13)


@over_rows
@pytest.mark.parametrize("alpha", [1.05, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0])
def test_bisection_equals_that_of_entmax(logits, alpha):
    import entmax
    import torch

    expected = entmax.entmax_bisect(torch.tensor(logits), alpha, dim=-1, n_iter=100).numpy()
    assert_allclose(apply(NORMALIZERS["entmax"](alpha), logits), expected, atol=1e-11)


@over_rows
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dense_ones_equal_those_of_torch(logits, dtype):
    import torch

    logits = logits.astype(dtype)
    rows, n = torch.tensor(logits), logits.shape[-1]
    with_zero = torch.cat([rows, torch.zeros_like(rows[:, :1])], dim=-1)
    expected = {
        "softmax": torch.softmax(rows, -1),
        "off_by_one": torch.softmax(with_zero, -1)[:, :-1],
        "sigmoid": torch.sigmoid(rows - np.log(n)),
        "relu": torch.relu(rows) / n,
        "hard": torch.nn.functional.one_hot(rows.argmax(-1), n),
    }
    for name, weights in expected.items():
        assert_allclose(
            apply(NORMALIZERS[name](), logits), weights.numpy(), rtol=2e-5, atol=1e-30, err_msg=name
        )


@over_rows
def test_top_k_equals_the_softmax_over_that_of_torch(logits):
    import torch

    rows = torch.tensor(logits)
    kept = torch.topk(rows, min(8, logits.shape[-1]), dim=-1)
    expected = torch.zeros_like(rows).scatter(-1, kept.indices, torch.softmax(kept.values, -1))
    assert_allclose(apply(NORMALIZERS["top_k"](), logits), expected.numpy(), rtol=1e-12)


def test_linear_equals_elu_plus_one_of_torch():
    import torch

    kernel = NORMALIZERS["linear"]()
    query, key = random_logits((3, 5, 8)), random_logits((3, 7, 8), seed=1)
    phi = [torch.nn.functional.elu(torch.tensor(x)) + 1.0 for x in (query, key)]
    products = phi[0] @ phi[1].transpose(-1, -2)
    expected = (products / products.sum(-1, keepdim=True)).numpy()
    assert kernel.features is not None
    query, key = kernel.features(query, key)
    assert_allclose(kernel.apply(query @ key.swapaxes(-1, -2), None), expected, rtol=1e-12)
