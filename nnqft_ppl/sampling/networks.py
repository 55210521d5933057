"""Independent networks of a theory, in batches: what every test that compares values within one draw goes through."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.grids import Grid, Places, Sets, check_places, joined
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned

BATCH = 2**12  # networks, and fewer where each has many numbers
NUMBERS = 2**20  # held at once


def over_networks(
    net: Model,
    function: Callable[..., Any],
    *arrays: ArrayLike | Grid,
    draws: int,
    seed: int,
    points: ArrayLike | Grid | None = None,
    batch: int = BATCH,
    double: bool = False,
    keyed: bool = False,
) -> Any:
    """``function(net, theta, *arrays)`` of independent networks, as a pytree of NumPy arrays (draws, ...).

    One seed gives one array, and longer ones begin the same. Draws are single precision unless `double`, whose rounding
    is far below any standard error that they can have. `function` is hashed: one of a module, not a closure. With
    `keyed` it is given a key of each network's own after theta, for randomness that is not of the theory. Paths are
    drawn at `points` (P, d).

    Raises
    ------
    InputError
        for a theory without an exact sampler, or with data, a source or an action; for paths without points.
    """
    net = unconditioned(net, "over_networks", "use posterior, whose draws are those of the theory as a whole")
    net.check_ancestral()
    with jax.enable_x64(double):
        root = key_of(seed)
        given: list[Any] = [one if isinstance(one, Grid | Sets) else jnp.asarray(one) for one in arrays]
        at = None if points is None else joined(points)
        keys = (jax.random.fold_in(root, index) for index in range(-(-draws // batch)))
        parts = [jax.tree.map(np.asarray, _batch(net, key, at, given, function, batch, keyed)) for key in keys]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:draws], *parts)


def field_draws(net: Model, points: ArrayLike | Grid, *, draws: int, seed: int) -> Array:
    """phi_k(x_p) of independent networks, shape (draws, P, D); the same networks at as many other points.

    Raises
    ------
    InputError
        for points of the wrong shape, a theory without an exact sampler, or one with data, a source or an action.
    """
    net = unconditioned(net, "field_draws", "use posterior, whose draws are those of the theory as a whole")
    x = check_places(points, net.dim)
    batch = 2 ** int(np.clip(np.log2(NUMBERS / len(x)), 0, np.log2(BATCH)))
    phi = over_networks(net, _field, x, draws=draws, seed=seed, points=x, batch=batch)
    return phi.reshape(draws, len(x), -1).astype(float)


def _field(net: Architecture, theta: dict[str, jax.Array], points: Places) -> jax.Array:
    return net.field(theta, points)


def _all(function: Callable[..., Any], theta: dict[str, jax.Array]) -> Any:
    return jax.vmap(function)(theta)


@partial(jax.jit, static_argnames=("function", "batch", "keyed"))
def _batch(
    net: Architecture,
    key: jax.Array,
    points: Places | None,
    arrays: list[Places],
    function: Callable[..., Any],
    batch: int,
    keyed: bool,
) -> Any:
    """One batch; compiled once for all values of the hyperparameters that JAX can carry."""
    theta = net.sample(key, batch, points)
    if not keyed:
        # A matrix product has work enough for all cores by itself, and many at a time would only take memory.
        single = jax.default_backend() == "cpu" and any(net.factorises(array) for array in arrays)
        return (jax.lax.map if single else _all)(lambda one: function(net, one, *arrays), theta)
    own = jax.random.split(jax.random.fold_in(key, len(theta)), batch)
    return jax.vmap(lambda one, key: function(net, one, key, *arrays))(theta, own)
