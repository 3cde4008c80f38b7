"""FAVOR+: the softmax kernel by positive random features."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from pipeline.attention.normalizers.linear import normalize_products, stable_features
from pipeline.attention.normalizers.normalizer import Normalizer
from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.rng import generator
from pipeline.base.specs import whole

MAX_FEATURES = 65536  # by then the error is a thousandth; each feature costs memory for every row


def favor(features: int = 256, seed: int = 0) -> Normalizer:
    """p_j ∝ φ(q)·φ(k_j), φ(x)_r = exp(ω_r·x − ‖x‖²/2)/√R, whose expectation is exp(q·k_j).

    Shapes: query [..., N, D], key [..., M, D] give φ(q) [..., N, R] and φ(k) [..., M, R], with
    R = `features` directions ω drawn from `seed`, orthogonal in groups of D. Rows are ≥ 0 and
    sum to 1, except one whose products are all too small to hold, which is zeros. The error
    against softmax falls as R^−½, and grows with the norms of q and k.
    Choromanski et al. 2021, "Rethinking Attention with Performers", lemma 1 and §2.4.

    >>> kernel = favor(features=4096)
    >>> query, key = kernel.features(np.array([[0.5]]), np.array([[0.0], [0.5]]))
    >>> bool(abs(kernel.apply(query @ key.T, None) - [[0.4378, 0.5622]]).max() < 0.01)
    True
    """
    whole(features, "favor.features", least=1, most=MAX_FEATURES)
    whole(seed, "favor.seed")
    return Normalizer(
        normalize_products,
        sums_to_one=True,
        shift_invariant=False,
        features=partial(random_features, count=int(features), seed=int(seed)),
    )


def random_features(query: Array, key: Array, *, count: int, seed: int) -> tuple[Array, Array]:
    """φ(q) and φ(k), up to factors that cancel in the division by the sum, as exp(−‖q‖²/2) does."""
    omega = directions(count, query.shape[-1], seed).astype(query.dtype).T
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):  # reported below
        log_query = query @ omega
        log_key = key @ omega
        log_key -= 0.5 * np.square(key).sum(axis=-1, keepdims=True)
    if not (np.isfinite(log_query).all() and np.isfinite(log_key).all()):
        raise UserError(
            f"favor: squared lengths of query and key overflow {key.dtype}; "
            f"expected vectors whose squared length a {key.dtype} can hold"
        )
    return stable_features(log_query, log_key)


@lru_cache(maxsize=16)
def directions(count: int, width: int, seed: int) -> Array:
    """ω, [R, D]: each row N(0, I), rows orthogonal to the others of their group of D.

    Each group is the rotation of a Gaussian matrix, with the row norms of another one. The first
    rows stay the same when more are drawn.

    >>> first, second = directions(2, 2, seed=0)
    >>> bool(abs(first @ second) < 1e-12)
    True
    """
    groups = [orthogonal_group(width, seed, number) for number in range(-(-count // width))]
    drawn: Array = np.concatenate(groups)[:count]
    drawn.setflags(write=False)  # cached, so shared
    return drawn


def orthogonal_group(width: int, seed: int, number: int) -> Array:
    """D orthogonal directions, [D, D], each uniform, with the norms of independent N(0, I)."""
    draw = generator(seed, "favor", width, number)
    rotation, upper = np.linalg.qr(draw.standard_normal((width, width)))
    rotation *= np.sign(np.diagonal(upper))  # without which the rotation is not uniform
    lengths = np.linalg.norm(draw.standard_normal((width, width)), axis=1)
    return rotation.T * lengths[:, None]
