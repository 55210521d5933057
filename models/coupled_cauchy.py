"""The Cauchy net with neurons coupled by a latent sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.laws import CauchyFrequencies, CauchyTilt, LatentSignTilt
from nnqft_ppl.theory import (
    AmplitudeLaw,
    Array,
    CoupledCosineArchitecture,
    Fraction,
    Gaussian,
    Positive,
    latent_sign_moment,
    theorem,
)


@final
@dataclass(frozen=True, kw_only=True)
class CoupledCauchy(CoupledCosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i x + c_i), P(b) = 1/2 sum_sg prod_i (m/pi)/(b_i^2+m^2) [1 + sg sqrt(eps) g(b_i)]: (11).

    g = (b^2 - m^2)/(b^2 + m^2) has mean zero, so every single neuron is that of (31); I_IB is exactly linear in eps.
    """

    dim: Literal[1] = 1  #: dimension d of space
    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    mass: Positive = 1.0  #: mass m
    epsilon: Fraction = 0.1  #: coupling of the neurons

    @property
    def frequency_law(self) -> CauchyFrequencies:
        return CauchyFrequencies(self.mass)

    def frequencies(self) -> Distribution:
        return LatentSignTilt(CauchyTilt(self.mass), self.epsilon, self.width)

    def tilt_moment(self, z: Array) -> Array:
        """E[cos(b z) g(b)] = -m|z| exp(-m|z|)."""
        return -self.mass * self.norm(z) * self.mean_wave(z)

    @theorem("11", "23")
    def joint_kernel_moment(self, powers: Sequence[int], z: Sequence[Array]) -> Array:
        """E[prod_B cos(b_B z_B)] = 1/2 sum_sg prod_B exp(-m|z_B|) (1 - sg sqrt(eps) m|z_B|)."""
        return latent_sign_moment([(self.mean_wave(y), self.tilt_moment(y)) for y in z], self.epsilon)

    @theorem("25", "31")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-m|x - y|) for every eps."""
        return self.amplitude_moment(2) / 2 * self.mean_wave(np.subtract(x, y, dtype=float))

    @theorem("26", "32")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """sigma_a^2 m / (p^2 + m^2) for every eps."""
        return self.amplitude_moment(2) * self.mass / (self.norm(p) ** 2 + self.mass**2)

    @theorem("11", "28")
    def pair_excess(self, u: Array, v: Array) -> Array:
        """H_iijj - H_ii H_jj = eps A(u) A(v), A(u) = -(m|u|/2) exp(-m|u|)."""
        return self.epsilon * self.tilt_moment(u) * self.tilt_moment(v) / 4
