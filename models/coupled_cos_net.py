"""Cos-net with neurons coupled by a latent sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.laws import GaussianFrequencies, GaussianTilt, LatentSignTilt, xp
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
class CoupledCosNet(CoupledCosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), P(b) ~ sum_sg prod_i N(b_i; 0, s^2) [1 + sg sqrt(eps) g(b_i)]: (9), (11).

    g = 2 exp(-kappa b^2) - 1 with kappa = (2^(2/d) - 1)/(2 s^2) has mean zero, so every single neuron is Cos-net's;
    I_IB is exactly linear in eps and survives N -> infinity, where the theory is a mixture of two Gaussian ones.
    s = sigma_b / sqrt(d).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    sigma_b: Positive = 1.0  #: frequency scale
    epsilon: Fraction = 0.1  #: coupling of the neurons

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def frequency_law(self) -> GaussianFrequencies:
        return GaussianFrequencies(self.s)

    def frequencies(self) -> Distribution:
        return LatentSignTilt(GaussianTilt(self.s, self.dim), self.epsilon, self.width)

    def tilt_moment(self, z: Array) -> Array:
        """E[cos(b.z) g(b)] = exp(-2^(-2/d) s^2 z^2/2) - exp(-s^2 z^2/2) = 2 A(z)."""
        return xp.exp(-(2 ** (-2 / self.dim)) * (self.s * self.norm(z)) ** 2 / 2) - self.mean_wave(z)

    @theorem("11", "23")
    def joint_kernel_moment(self, powers: Sequence[int], z: Sequence[Array]) -> Array:
        """E[prod_B cos(b_B.z_B)] = 1/2 sum_sg prod_B [M(z_B) + sg sqrt(eps) E[cos(b.z_B) g]]."""
        return latent_sign_moment([(self.mean_wave(y), self.tilt_moment(y)) for y in z], self.epsilon)

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-s^2 |x-y|^2/2) for every eps."""
        return self.amplitude_moment(2) / 2 * self.mean_wave(np.subtract(x, y, dtype=float))

    @theorem("26", "34")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """(sigma_a^2/2) (2 pi/s^2)^(d/2) exp(-p^2/(2 s^2)) for every eps."""
        gaussian = (2 * np.pi / self.s**2) ** (self.dim / 2) * xp.exp(-(self.norm(p) ** 2) / (2 * self.s**2))
        return self.amplitude_moment(2) / 2 * gaussian

    @theorem("11", "28")
    def pair_excess(self, u: Array, v: Array) -> Array:
        """H_iijj - H_ii H_jj = eps A(u) A(v), A(u) = [exp(-2^(-2/d) s^2 u^2/2) - exp(-s^2 u^2/2)]/2."""
        return self.epsilon * self.tilt_moment(u) * self.tilt_moment(v) / 4
