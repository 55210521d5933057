"""Independent draws of a field at points as a plain array, for tests that compare points within one draw."""

from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.runtime.arrays import Array, check_points
from nnqft_ppl.theory.architecture import Architecture

BATCH = 2**12


def field_draws(net: Architecture, points: ArrayLike, *, draws: int, seed: int) -> Array:
    """phi_k(x_p) of independent networks, shape (draws, P, D); one seed gives one array, longer ones begin the same.

    Draws are single precision, whose rounding is far below any standard error that they can have.

    Raises
    ------
    InputError
        for points of the wrong shape, or a theory without an exact sampler.
    """
    x = check_points(points, net.dim)
    net.check_ancestral()
    with jax.enable_x64(False):
        batch, root, sites = _batch(net), jax.random.key(seed), jnp.asarray(x)
        keys = (jax.random.fold_in(root, index) for index in range(-(-draws // BATCH)))
        phi = np.concatenate([np.asarray(batch(key, sites)) for key in keys])[:draws]
    return phi.reshape(draws, len(x), -1).astype(float)


@lru_cache(maxsize=32)
def _batch(net: Architecture) -> Callable[[jax.Array, jax.Array], jax.Array]:
    return jax.jit(lambda key, x: jax.vmap(lambda theta: net.field(theta, x))(net.sample(key, BATCH)))
