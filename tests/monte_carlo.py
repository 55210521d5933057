"""Draws for the tests, straight from a card's laws and its one neuron: nothing of the estimators is used."""

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np

BATCH = 2**17


def draw_statistic(net, statistic: Callable, draws: int, seed: int) -> np.ndarray:
    """`statistic(theta, key)` of shape (S,) for `draws` independent networks; returns (draws, S).

    Every statistic of one theory and seed sees the same networks, which are drawn once.
    """
    # Draws in single precision, whose rounding is a thousandth of any standard error here; sums in double.
    with jax.enable_x64(False):
        root = jax.random.key(seed)
        found = enumerate(networks(net, seed).first(-(-draws // BATCH)))
        batches = [np.asarray(of_batch(statistic)(theta, jax.random.fold_in(root, i))) for i, theta in found]
    return np.concatenate(batches).astype(float)


@lru_cache(maxsize=1)
def of_batch(statistic: Callable):
    """The program of a statistic, which is asked for more draws where the first ones do not suffice."""
    return jax.jit(lambda theta, key: jax.vmap(statistic)(theta, jax.random.split(key, BATCH)))


class Networks:
    """The parameters of independent networks in batches of BATCH, each drawn when it is first asked for."""

    def __init__(self, net, seed: int) -> None:
        sample = net.sample if net.ancestral else lambda key, count: radial_gibbs_draws(net, key, count)
        self.one = jax.jit(lambda key: sample(key, BATCH))
        self.root = jax.random.key(seed + 2**16)
        self.drawn: list[dict] = []

    def first(self, batches: int) -> list[dict]:
        while len(self.drawn) < batches:
            self.drawn.append(self.one(jax.random.fold_in(self.root, len(self.drawn))))
        return self.drawn[:batches]


networks = lru_cache(maxsize=1)(Networks)


def radial_gibbs_draws(net, key, count: int) -> dict:
    """Exact draws of `gibbs_cos_net`: S = sum b^2 by its distribution function on a grid, then a direction in R^(Nd)."""
    grid = np.linspace(0.0, 4.0 * net.s**2 * net.width * net.dim + 60.0 * net.s**2, 200_001)[1:]
    power = net.width * net.dim / 2 - 1
    log_density = power * np.log(grid) - grid / (2 * net.s**2) - net.epsilon * (grid / net.width) ** 2
    distribution = np.cumsum(np.exp(log_density - log_density.max()))
    keys = jax.random.split(key, 4)
    u = jax.random.uniform(keys[0], (count,))
    square = jnp.interp(u, jnp.asarray(distribution / distribution[-1]), jnp.asarray(grid))
    z = jax.random.normal(keys[1], (count, net.width * net.dim))
    b = jnp.sqrt(square)[:, None] * z / jnp.linalg.norm(z, axis=1, keepdims=True)
    return {
        "a": net.amplitudes().sample(keys[2], (count,)),
        "b": b.reshape(count, net.width, net.dim),
        "c": jax.random.uniform(keys[3], (count, net.width), minval=-jnp.pi, maxval=jnp.pi),
    }


def field(net, theta, points):
    """phi at points, its first component if it has several: shape (P,)."""
    phi = net.field(theta, jnp.asarray(points))
    return phi[:, 0] if net.component_count > 1 else phi


def chosen_fields(net, chosen, points: np.ndarray, draws: int) -> jax.Array:
    """phi of independent networks about the vacuum that a `ChosenVacuum` has, shape (draws, P, D)."""

    @jax.jit
    def drawn(key):
        return jax.vmap(lambda one: net.field(one, jnp.asarray(points)))(chosen.choose(net.sample(key, draws)))

    return drawn(jax.random.key(0))


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5


def field_products(points: np.ndarray) -> Callable:
    """phi(x_1)..phi(x_n) as a statistic."""
    return lambda net: lambda theta, key: jnp.prod(field(net, theta, points), keepdims=True)


def connected_four_point(net, points: np.ndarray, draws: int, seed: int) -> tuple[float, float]:
    """E phi^4 minus Wick's terms and its error by the influence function; for even fields only."""
    phi = draw_statistic(net, lambda theta, key: field(net, theta, points), draws, seed)
    pair = {(i, j): phi[:, i] * phi[:, j] for i, j in combinations(range(4), 2)}
    mean = {key: value.mean() for key, value in pair.items()}
    splits = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
    influence = pair[0, 1] * pair[2, 3] - sum(pair[p] * mean[q] + pair[q] * mean[p] for p, q in splits)
    wick = sum(mean[p] * mean[q] for p, q in splits)
    return float(influence.mean() + wick), float(influence.std(ddof=1) / len(phi) ** 0.5)
