"""Frequencies on a lattice: b and b + 2 pi/spacing are one wave there, so one Brillouin zone holds them all.

What a law is on the lattice is its sum over zones. Of the Cauchy law that sum is closed, and nothing is left of its
tails: on the points of a lattice the Ornstein-Uhlenbeck process is a theory that gradients can move.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import constraints

from nnqft_ppl.laws.charts import Chart, ChartedLaw, Shape, angle, away_from_the_origin
from nnqft_ppl.runtime.arrays import Array

NEGLIGIBLE = 2.0**-53
TERMS = 2**22  # of sums at a time


class FoldedCauchy(ChartedLaw):
    """b of density (m/pi)/(b^2 + m^2), folded into |b| <= pi/spacing, real numbers of the shape of `mass`.

    Its density there is (s/2 pi) sinh(m s)/(cosh(m s) - cos(b s)), s the spacing: as the propagator of the lattice.
    """

    arg_constraints = {"mass": constraints.positive}
    reparametrized_params = ["mass"]
    pytree_aux_fields = ("spacing",)
    has_tails = True

    def __init__(self, mass: Any, spacing: float, *, validate_args: bool | None = None) -> None:
        self.mass, self.spacing = mass, spacing
        super().__init__(batch_shape=jnp.shape(mass), validate_args=validate_args)

    @property
    def support(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return constraints.interval(-math.pi / self.spacing, math.pi / self.spacing)

    def of_angle(self, angle: jax.Array) -> jax.Array:
        """The b that a uniform angle of [-pi, pi] stands for: tan(b s/2) = tanh(m s/2) tan(angle/2)."""
        b = (
            2.0
            / self.spacing
            * jnp.arctan2(
                jnp.broadcast_to(self._squeeze, jnp.shape(angle)) * jnp.sin(0.5 * angle), jnp.cos(0.5 * angle)
            )
        )
        return jnp.clip(b, -math.pi / self.spacing, math.pi / self.spacing)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        shape = sample_shape + self.batch_shape
        return self.of_angle(jax.random.uniform(key, shape, minval=-jnp.pi, maxval=jnp.pi))

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        half = 0.5 * self.spacing * value
        squeeze = jnp.broadcast_to(self._squeeze, jnp.shape(half))
        curve = (squeeze * jnp.cos(half)) ** 2 + jnp.sin(half) ** 2
        return math.log(self.spacing / (2.0 * math.pi)) + jnp.log(squeeze) - jnp.log(curve)

    @property
    def _squeeze(self) -> jax.Array:
        return jnp.tanh(0.5 * self.mass * self.spacing)

    def chart(self, shape: Shape) -> Chart:
        return Chart((2, *shape), lambda z: self.of_angle(angle(z)), away_from_the_origin)


def band_limited(decay: float, t: ArrayLike) -> Array:
    """sum_n exp(-decay |n|) sinc(t - n): the function exp(-decay |t|) at integers, as Shannon carries it between them.

    It is E cos(b t s) for the folded law with decay = m s. t of any shape; float64 of the same shape, right to some
    units of 1e-16.
    """
    places, where = np.unique(np.abs(np.asarray(t, dtype=float)), return_inverse=True)
    nearest = np.round(places)
    off = places - nearest
    # sinc(t - n) = (-1)^n sin(pi t)/(pi (t - n)): one sine for all n but the nearest, which may be no distance away.
    sine = np.sin(np.pi * off) / np.pi * (-1.0) ** nearest
    total = np.exp(-decay * nearest) * np.sinc(off)
    last = int(np.ceil(-np.log(NEGLIGIBLE) / decay))
    block = max(1, TERMS // max(1, places.size))
    for first in range(-last, last + 1, block):
        n = np.arange(first, min(first + block, last + 1))
        distance = np.where(nearest[:, None] == n, np.inf, places[:, None] - n)
        total += sine * ((1.0 / distance) @ ((-1.0) ** n * np.exp(-decay * np.abs(n))))
    return total[where].reshape(np.shape(t))
