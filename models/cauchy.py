"""The Cauchy net, an Ornstein-Uhlenbeck process at infinite width."""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws import CauchyFrequencies, xp
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class Cauchy(CosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i x + c_i) on the line, with P(b) = (m/pi)/(b^2 + m^2): (31)-(33)."""

    dim: Literal[1] = 1  #: dimension d of space
    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    mass: Positive = 1.0  #: mass m

    @property
    def frequency_law(self) -> CauchyFrequencies:
        return CauchyFrequencies(self.mass)

    @theorem("25", "31")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-m|x - y|): as N -> infinity, a free particle in a harmonic well of frequency m."""
        return self.amplitude_moment(2) / 2 * xp.exp(-self.mass * self.norm(np.subtract(x, y)))

    @theorem("26", "32")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """sigma_a^2 m / (p^2 + m^2)."""
        return self.amplitude_moment(2) * self.mass / (self.norm(p) ** 2 + self.mass**2)

    @theorem("15", "33")
    def rho(self, tau: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-m|tau|); the printed (33) has a factor pi too many, and a momentum that d = 1 lacks."""
        return self.amplitude_moment(2) / 2 * xp.exp(-self.mass * xp.abs(np.asarray(tau, dtype=float)))
