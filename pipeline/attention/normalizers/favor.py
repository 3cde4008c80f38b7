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

MAX_FEATURES = 65536  # features; by then the error is a thousandth, and each costs a row of memory


def favor(features: int = 256, seed: int = 0) -> Normalizer:
    """p_j ∝ φ(q)·φ(k_j), φ(x)_r = exp(ω_r·x − ‖x‖²/2)/√R, which on average is exp(q·k_j).

    Shapes: query [..., N, D], key [..., M, D] give φ(q) [..., N, R] and φ(k) [..., M, R], with
    R = `features` directions ω drawn from `seed`, orthogonal in groups of D. Rows are ≥ 0 and
    sum to 1, save one whose every product is too small to hold, which is zeros. The error
    against the softmax falls as R^−½, and grows with the lengths of q and k.
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
    """φ(q) and φ(k), up to factors that the division by the sum undoes, exp(−‖q‖²/2) among them."""
    along = directions(count, query.shape[-1], seed).astype(query.dtype).T
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):  # reported below
        log_query = query @ along
        log_key = key @ along
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

    Each group is the rotation of a Gaussian matrix, its rows as long as those of another: the
    first rows stay the same when more are asked for.

    >>> first, second = directions(2, 2, seed=0)
    >>> bool(abs(first @ second) < 1e-12)
    True
    """
    groups = [orthogonal_group(width, seed, number) for number in range(-(-count // width))]
    drawn: Array = np.concatenate(groups)[:count]
    drawn.setflags(write=False)  # shared by all who ask again
    return drawn


def orthogonal_group(width: int, seed: int, number: int) -> Array:
    """D orthogonal directions, [D, D], each uniform, with the lengths of independent N(0, I)."""
    draw = generator(seed, "favor", width, number)
    rotation, upper = np.linalg.qr(draw.standard_normal((width, width)))
    rotation *= np.sign(np.diagonal(upper))  # without which the rotation is not uniform
    lengths = np.linalg.norm(draw.standard_normal((width, width)), axis=1)
    return rotation.T * lengths[:, None]
