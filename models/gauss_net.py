"""Gauss-net: exponential neurons, dual to Cos-net."""

from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution, Normal

from nnqft_ppl.laws import iid, isotropic_normal, xp
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Array, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class GaussNet(Architecture):
    """phi(x) = sum_i a_i exp(b_i.x + c_i) / exp(sigma_c^2 + sigma_b^2 x^2/d): (S12) with the sum inside, (S13).

    a_i ~ N(0, sigma_a^2/(2N)), b_i ~ N(0, sigma_b^2/d), c_i ~ N(0, sigma_c^2). The two-point function is Cos-net's and
    translation invariant; the connected four-point function is not. Away from the origin the neurons are
    heavy-tailed: with s^2 = sigma_b^2/d, the theory is near its Gaussian limit only for N >> exp(4 s^2 x^2).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(2N)
    sigma_b: Positive = 1.0  #: frequency scale
    sigma_c: Positive = 1.0  #: bias scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat

    vectors = ("b",)
    claims = ("Z2", "rotation", "reflection", "permutation")
    denies = ("translation",)

    @property
    def amplitude_scale(self) -> float:
        return self.sigma_a / 2**0.5

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def length(self) -> float:
        return 1 / self.s

    def prior(self) -> dict[str, Distribution]:
        biases = iid(Normal(0.0, self.sigma_c), self.width)
        return {"a": self.amplitudes(), "b": isotropic_normal(self.s, self.dim, self.width), "c": biases}

    def neuron(self, x: jax.Array, *, b: jax.Array, c: jax.Array) -> jax.Array:
        return jnp.exp(jnp.dot(b, x) + c - self.sigma_c**2 - self.s**2 * jnp.dot(x, x))

    @theorem("S12", "S13")
    def neuron_moment(self, points: Array) -> Array:
        """H_n = exp(n(n-2) sigma_c^2/2 + s^2 [|x_1+..+x_n|^2 - 2 sum_k x_k^2]/2)."""
        n = points.shape[-2]
        square = self.norm(points.sum(axis=-2)) ** 2 - 2 * (self.norm(points) ** 2).sum(axis=-1)
        return xp.exp(n * (n - 2) * self.sigma_c**2 / 2 + self.s**2 * square / 2)

    @theorem("S11")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-s^2 |x-y|^2/2), as for Cos-net."""
        return self.amplitude_moment(2) * xp.exp(-(self.s**2) * self.norm(np.subtract(x, y)) ** 2 / 2)

    @theorem("34", "S11")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """(sigma_a^2/2) (2 pi/s^2)^(d/2) exp(-p^2/(2 s^2)), as for Cos-net."""
        gaussian = (2 * np.pi / self.s**2) ** (self.dim / 2) * xp.exp(-(self.norm(p) ** 2) / (2 * self.s**2))
        return self.amplitude_moment(2) * gaussian

    @theorem("S14")
    def connected_four_point(self, x: Array) -> Array:
        """(1/4N) [gamma_a^4 exp(4 sigma_c^2 + s^2 (2 sum_(j<k) x_j.x_k - sum_k x_k^2)/2) - sigma_a^4 sum of pairings].

        Points (..., 4, d); gamma_a^4 = 3 sigma_a^4 for Gaussian amplitudes. Exact at every width.
        """
        x1, x2, x3, x4 = (x[..., k, :] for k in range(4))
        sum_of_squares = (self.norm(x) ** 2).sum(axis=-1)
        products = self.norm(x.sum(axis=-2)) ** 2 - sum_of_squares
        four = xp.exp(4 * self.sigma_c**2 + self.s**2 * (products - sum_of_squares) / 2)
        pairings = ((x1 - x2, x3 - x4), (x1 - x3, x2 - x4), (x1 - x4, x2 - x3))
        pairs = sum(xp.exp(-(self.s**2) * (self.norm(u) ** 2 + self.norm(v) ** 2) / 2) for u, v in pairings)
        return (self.amplitude_moment(4) * four - self.amplitude_moment(2) ** 2 * pairs) / self.width
