"""Points of a theory, generic ones, and what the neurons say there, whatever its card calls itself."""

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.grids import Grid, check_places
from nnqft_ppl.theory.architecture import Architecture

ROUNDING = 1e-12  # of what vanishes, relative to its terms


def as_points(net: Architecture, points: ArrayLike | Grid) -> jax.Array | Grid:
    """Checked points as a JAX array of the default precision, or a grid as it is."""
    x = check_places(points, net.dim)
    return x if isinstance(x, Grid) else jnp.asarray(x)


def generic_points(net: Architecture) -> Array:
    """Four generic points (4, d), none of whose balanced sums vanishes, in units of `length`."""
    x = np.pad([[0.1], [0.5], [-0.3], [0.4]], ((0, 0), (0, net.dim - 1)))
    x[:, 1:] = np.array([0.2, 0.25, 0.1, -0.15])[:, None]
    return net.length * x


def independent_pairs(net: Architecture) -> bool:
    """Do pairs of neurons factorise, H_iijj = H_ii H_jj? I_IB of (9) vanishes if so."""
    if net.independent:
        return True
    x = generic_points(net) * np.array([0.5, 1.0, 2.0])[:, None, None]
    for i, j, k, l in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2)):
        one, two = x[:, [i, j]], x[:, [k, l]]
        together, apart = net.joint_neuron_moment([one, two]), net.neuron_moment(one) * net.neuron_moment(two)
        if np.any(np.abs(together - apart) > ROUNDING * np.abs(apart)):
            return False
    return True
