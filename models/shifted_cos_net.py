"""Cos-net with amplitudes of nonzero mean: a broken symmetry that the field does not show."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws import GaussianFrequencies, xp
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Finite, OffsetGaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class ShiftedCosNet(CosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i) with a_i ~ N(mu, sigma_a^2/N) and b_i ~ N(0, s^2 I_d): (12), (24).

    The mean mu breaks a -> -a, yet every odd correlator of the field vanishes: c -> c + pi flips the neurons, so the
    law of the field is even for any P(a). mu only shifts sigma_a^2 and gamma_a^4; the mixed E[phi h_i] = mu H_ii sees
    it. s = sigma_b / sqrt(d).
    """

    sigma_a: Positive = 1.0  #: standard deviation of sqrt(N) a_i
    mu: Finite = 0.3  #: mean of a_i, not scaled by N
    sigma_b: Positive = 1.0  #: frequency scale

    @property
    def amplitude_law(self) -> AmplitudeLaw:
        return OffsetGaussian(mean=self.mu * self.width**0.5 / self.sigma_a)

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def frequency_law(self) -> GaussianFrequencies:
        return GaussianFrequencies(self.s)

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2 + N mu^2)/2 exp(-s^2 |x-y|^2/2)."""
        scale = self.sigma_a**2 + self.width * self.mu**2
        return scale / 2 * self.kernel_moment(2, np.subtract(x, y, dtype=float))

    @theorem("2")
    def three_point(self, x: Array) -> Array:
        """G^(3) = 0 for every mu; points (..., 3, d)."""
        return np.zeros(x.shape[:-2])

    @theorem("27")
    def connected_four_point(self, x: Array) -> Array:
        """[gamma_a^4 L_iiii - sigma^4 (L12 L34 + L13 L24 + L14 L23)]/N with sigma^2 -> sigma_a^2 + N mu^2.

        gamma_a^4 -> 3 sigma_a^4 + 6 N mu^2 sigma_a^2 + N^2 mu^4; points (..., 4, d).
        """
        shift = self.width * self.mu**2
        gamma4 = 3 * self.sigma_a**4 + 6 * shift * self.sigma_a**2 + shift**2
        x1, x2, x3, x4 = (x[..., k, :] for k in range(4))
        channels = (x1 + x2 - x3 - x4, x1 - x2 + x3 - x4, x1 - x2 - x3 + x4)
        pairings = ((x1 - x2, x3 - x4), (x1 - x3, x2 - x4), (x1 - x4, x2 - x3))
        four = xp.sum([self.kernel_moment(4, z) for z in channels], axis=0) / 8
        pairs = xp.sum([self.kernel_moment(2, u) * self.kernel_moment(2, v) for u, v in pairings], axis=0) / 4
        return (gamma4 * four - (self.sigma_a**2 + shift) ** 2 * pairs) / self.width
