"""The Cauchy net, an Ornstein-Uhlenbeck process at infinite width."""

from dataclasses import dataclass
from typing import Literal, final

import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Cauchy as CauchyLaw
from numpyro.distributions import Distribution

from nnqft_ppl.laws import iid
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class Cauchy(CosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i x + c_i) on the line, with P(b) = (m/pi)/(b^2 + m^2): (31)-(33).

    Its N -> infinity theory is the Ornstein-Uhlenbeck process, reflection positive: a free quantum particle in a
    harmonic well of frequency m.
    """

    dim: Literal[1] = 1  #: dimension d of space
    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    mass: Positive = 1.0  #: mass m

    def frequencies(self) -> Distribution:
        return iid(CauchyLaw(jnp.zeros(1), self.mass), self.width)

    def radius_quantile(self, u: Array) -> Array:
        return self.mass * np.tan(np.pi * u / 2)

    @theorem("23", "31")
    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = exp(-m|z|) for every k."""
        return np.exp(-self.mass * self.norm(z))

    @theorem("25", "31")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-m|x - y|)."""
        return self.amplitude_moment(2) / 2 * np.exp(-self.mass * self.norm(np.subtract(x, y)))

    @theorem("26", "32")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """sigma_a^2 m / (p^2 + m^2)."""
        return self.amplitude_moment(2) * self.mass / (self.norm(p) ** 2 + self.mass**2)

    @theorem("15", "33")
    def rho(self, tau: ArrayLike) -> Array:
        """rho(tau) = int dp/(2 pi) exp(i p tau) G(p) = (sigma_a^2/2) exp(-m |tau|), a function of tau alone.

        The printed (33) has a factor pi too many, and a spatial momentum that does not exist in d = 1.
        """
        return self.amplitude_moment(2) / 2 * np.exp(-self.mass * np.abs(np.asarray(tau, dtype=float)))
