"""The Cauchy net on a lattice, whose frequencies have no tails."""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws import FoldedCauchyFrequencies
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class LatticeCauchy(CosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i x + c_i) on the line, P(b) of the Cauchy net folded into |b| <= pi/Delta: (31)-(33).

    Between points whose distances are multiples of the spacing Delta, b and b + 2 pi/Delta are one wave: there the
    field has the law of the Cauchy net exactly, at any N, and between them it is its band-limited interpolation. Its
    frequencies have no tails, at which NUTS diverges for the Cauchy net.
    """

    dim: Literal[1] = 1  #: dimension d of space
    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    mass: Positive = 1.0  #: mass m
    lattice_spacing: Positive = 0.25  #: distance Delta of neighbouring points of the lattice

    @property
    def frequency_law(self) -> FoldedCauchyFrequencies:
        return FoldedCauchyFrequencies(self.mass, self.lattice_spacing)

    @theorem("25", "31")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) sum_n exp(-m Delta |n|) sinc((x - y)/Delta - n)."""
        return self.amplitude_moment(2) / 2 * self.kernel_moment(2, np.subtract(x, y, dtype=float))

    @theorem("26", "32")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """(sigma_a^2 Delta/2) sinh(m Delta)/(cosh(m Delta) - cos(p Delta)) for |p| <= pi/Delta, zero beyond."""
        return super().power_spectrum(p)  # P(b) of the law

    @theorem("15", "33")
    def rho(self, tau: ArrayLike) -> Array:
        """rho(tau) = (sigma_a^2/2) sum_n exp(-m Delta |n|) sinc(tau/Delta - n): exponential on the lattice only."""
        return self.amplitude_moment(2) / 2 * self.kernel_moment(2, np.asarray(tau, dtype=float)[..., None])
