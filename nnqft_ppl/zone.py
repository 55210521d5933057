"""Frequencies on a lattice: b and b + 2 pi/spacing are one wave there, so one Brillouin zone holds them all.

What a law is on the lattice is its sum over zones. Of the Cauchy law that sum is closed, and nothing is left of its
tails: on the points of a lattice the Ornstein-Uhlenbeck process is a theory that gradients can move.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpy.typing import ArrayLike
from numpyro.distributions import constraints

from nnqft_ppl.points import Array

NEGLIGIBLE = 2.0**-53
BLOCK = 512  # terms of a sum at a time


class FoldedCauchy(dist.Distribution):
    """b of density (m/pi)/(b^2 + m^2), folded into |b| <= pi/spacing, real numbers of the shape of `mass`.

    Its density there is (s/2 pi) sinh(m s)/(cosh(m s) - cos(b s)), s the spacing: the propagator of the lattice.
    """

    arg_constraints = {"mass": constraints.positive}
    pytree_aux_fields = ("spacing",)

    def __init__(self, mass: Any, spacing: float, *, validate_args: bool | None = None) -> None:
        self.mass, self.spacing = mass, spacing
        super().__init__(batch_shape=jnp.shape(mass), validate_args=validate_args)

    @property
    def support(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return constraints.interval(-math.pi / self.spacing, math.pi / self.spacing)

    def of_angle(self, angle: jax.Array) -> jax.Array:
        """The b that a uniform angle of [-pi, pi] stands for: tan(b s/2) = tanh(m s/2) tan(angle/2)."""
        squeeze = jnp.tanh(0.5 * self.mass * self.spacing)
        return 2.0 / self.spacing * jnp.arctan2(squeeze * jnp.sin(0.5 * angle), jnp.cos(0.5 * angle))

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        shape = sample_shape + self.batch_shape
        return self.of_angle(jax.random.uniform(key, shape, minval=-jnp.pi, maxval=jnp.pi))

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        half = 0.5 * self.mass * self.spacing
        sine = jnp.sin(0.5 * self.spacing * value)
        shape = jnp.log(jnp.sinh(2.0 * half)) - jnp.log(jnp.sinh(half) ** 2 + sine**2)
        return shape + math.log(self.spacing / (4.0 * math.pi))


def band_limited(decay: float, t: ArrayLike) -> Array:
    """sum_n exp(-decay |n|) sinc(t - n): the function exp(-decay |t|) at integers, as Shannon carries it between them.

    It is E cos(b t s) for the folded law with decay = m s. t of any shape; float64 of the same shape.
    """
    t = np.asarray(t, dtype=float)
    total = np.zeros(t.shape)
    last = int(np.ceil(-np.log(NEGLIGIBLE) / decay))
    for first in range(-last, last + 1, BLOCK):
        n = np.arange(first, min(first + BLOCK, last + 1))
        total += np.sinc(t[..., None] - n) @ np.exp(-decay * np.abs(n))
    return total
