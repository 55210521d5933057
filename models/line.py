"""The ensemble of lines."""

from dataclasses import dataclass
from typing import Literal, final

import jax
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.theory import Architecture, Array, Finite, OffsetGaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class Line(Architecture):
    """phi(x) = theta x with theta ~ N(mean, sigma^2): the example below (36), one neuron h(x) = x of amplitude theta.

    Nothing is invariant: odd correlators do not vanish, and the origin is special.
    """

    width: Literal[1] = 1  #: one neuron
    dim: Literal[1] = 1  #: dimension d of space
    mean: Finite = 1.0  #: mean slope
    sigma: Positive = 1.0  #: standard deviation of the slope

    claims = ("permutation",)
    denies = ("Z2", "translation", "reflection")

    @property
    def amplitude_law(self) -> OffsetGaussian:
        return OffsetGaussian(mean=self.mean, sigma=self.sigma)

    @property
    def amplitude_scale(self) -> float:
        return 1.0

    def prior(self) -> dict[str, Distribution]:
        return {"a": self.amplitudes()}

    def neuron(self, x: jax.Array) -> jax.Array:
        return x[0]

    @theorem("3")
    def neuron_moment(self, points: Array) -> Array:
        """H_n = x_1 x_2 .. x_n: the neuron is not random."""
        return points[..., 0].prod(axis=-1)

    @theorem("2")
    def mean_field(self, x: ArrayLike) -> Array:
        """G^(1)(x) = mean x."""
        return self.mean * np.asarray(x, dtype=float)[..., 0]

    @theorem("6")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(mean^2 + sigma^2) x y."""
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        return (self.mean**2 + self.sigma**2) * x[..., 0] * y[..., 0]

    @theorem("7")
    def connected_four_point(self, x: Array) -> Array:
        """Zero: the field is Gaussian at every point."""
        return np.zeros(x.shape[:-2])
