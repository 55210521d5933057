"""Cos-net with equally correlated frequencies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.laws import EquicorrelatedNormal, GaussianFrequencies, xp
from nnqft_ppl.theory import (
    AmplitudeLaw,
    Array,
    CoupledCosineArchitecture,
    Finite,
    Gaussian,
    Positive,
    require,
    signed_sums,
    theorem,
)


@final
@dataclass(frozen=True, kw_only=True)
class EquicorrelatedCosNet(CoupledCosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), b_i ~ N(0, s^2 I_d) with correlation eps between any two neurons: (9), (11).

    I_IB is even in eps and of order eps^2, and vanishes for pairs at right angles. As N -> infinity every draw is an
    anisotropic Gaussian field with the kernel cos(sqrt(eps) z.u) exp(-(1-eps) s^2 u^2/2); the ensemble is isotropic.
    s = sigma_b / sqrt(d).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    sigma_b: Positive = 1.0  #: frequency scale
    epsilon: Finite = 0.1  #: correlation of any two frequencies, between -1/(N-1) and 1

    def __post_init__(self) -> None:
        super().__post_init__()
        least = -1.0 if self.width == 1 else -1 / (self.width - 1)
        rule = f"greater than -1/(width - 1) = {least:.6g} and less than 1"
        require(self, "epsilon", (least < self.epsilon) & (self.epsilon < 1), rule)

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def frequency_law(self) -> GaussianFrequencies:
        return GaussianFrequencies(self.s)

    def frequencies(self) -> Distribution:
        return EquicorrelatedNormal(self.s, self.epsilon, self.dim, self.width)

    @theorem("11", "23")
    def joint_kernel_moment(self, powers: Sequence[int], z: Sequence[Array]) -> Array:
        """E exp(i sum_B b_B.z_B) = exp(-s^2/2 [(1-eps) sum_B z_B^2 + eps |sum_B z_B|^2]), mean over signs of z_B."""
        own = xp.sum([self.norm(y) ** 2 for y in np.broadcast_arrays(*z)], axis=0)
        together = self.norm(signed_sums(z)) ** 2
        return xp.exp(-(self.s**2) / 2 * ((1 - self.epsilon) * own + self.epsilon * together)).mean(axis=0)

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-s^2 |x-y|^2/2) for every eps."""
        return self.amplitude_moment(2) / 2 * xp.exp(-((self.s * self.norm(np.subtract(x, y))) ** 2) / 2)

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """(sigma_a^2/2) (2 pi/s^2)^(d/2) exp(-p^2/(2 s^2)) for every eps."""
        gaussian = (2 * np.pi / self.s**2) ** (self.dim / 2) * xp.exp(-(self.norm(p) ** 2) / (2 * self.s**2))
        return self.amplitude_moment(2) / 2 * gaussian

    @theorem("11", "28")
    def pair_excess(self, u: Array, v: Array) -> Array:
        """H_iijj - H_ii H_jj = exp(-s^2 (u^2+v^2)/2) [cosh(eps s^2 u.v) - 1]/4; 2 cosh x - 2 = e^x (1 - e^-x)^2.

        The exponents are added before they are raised, so that nothing overflows far away.
        """
        square = self.s**2 * (self.norm(u) ** 2 + self.norm(v) ** 2) / 2
        x = xp.abs(self.epsilon * self.s**2 * xp.sum(u * v, axis=-1))
        return xp.exp(x - square) * xp.expm1(-x) ** 2 / 8
