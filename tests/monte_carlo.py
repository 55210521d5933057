"""Draws for the tests, straight from a card's laws and its one neuron: nothing of the estimators is used."""

from collections.abc import Callable
from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np

BATCH = 2**17


def draw_statistic(net, statistic: Callable, draws: int, seed: int) -> np.ndarray:
    """`statistic(theta, key)` of shape (S,) for `draws` independent networks; returns (draws, S)."""

    @jax.jit
    def batch(key):
        theta = net.sample(jax.random.fold_in(key, 0), BATCH)
        return jax.vmap(statistic)(theta, jax.random.split(jax.random.fold_in(key, 1), BATCH))

    root = jax.random.key(seed)
    return np.concatenate([np.asarray(batch(jax.random.fold_in(root, 10 + i))) for i in range(-(-draws // BATCH))])


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5


def field_products(points: np.ndarray) -> Callable:
    """phi(x_1)..phi(x_n) as a statistic."""
    return lambda net: lambda theta, key: jnp.prod(net.field(theta, jnp.asarray(points)), keepdims=True)


def connected_four_point(net, points: np.ndarray, draws: int, seed: int) -> tuple[float, float]:
    """E phi^4 minus Wick's terms and its error by the influence function; for even fields only."""
    phi = draw_statistic(net, lambda theta, key: net.field(theta, jnp.asarray(points)), draws, seed)
    pair = {(i, j): phi[:, i] * phi[:, j] for i, j in combinations(range(4), 2)}
    mean = {key: value.mean() for key, value in pair.items()}
    splits = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
    influence = pair[0, 1] * pair[2, 3] - sum(pair[p] * mean[q] + pair[q] * mean[p] for p, q in splits)
    wick = sum(mean[p] * mean[q] for p, q in splits)
    return float(influence.mean() + wick), float(influence.std(ddof=1) / len(phi) ** 0.5)
