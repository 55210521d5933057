"""Tuned nets: any spectrum, shared between P(b) and F."""

from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws import SpectralFrequencies, Spectrum, spectral_integral
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Finite, Gaussian, PositiveOrInf, Static, theorem


def sech(p: ArrayLike) -> Array:
    """1/cosh p: smooth, with correlations that fall like exp(-pi r/2)."""
    return 1.0 / np.cosh(p)


@final
@dataclass(frozen=True, kw_only=True)
class TunedNet(CosineArchitecture):
    """phi = sum_i a_i G(b_i)^(-alpha/2) cos(b_i.x + c_i), P(b) ~ G(b)^(1+alpha), |b| < Lambda: (26) read backwards.

    Its two-point function has the spectrum G for every alpha, amplitude law and width; what differs between them is
    the interaction. alpha = 0 puts all of G into P(b), alpha = -1 all of it into F. The alpha family of the free
    scalar with a hard cutoff is G = 1/(p^2 + m^2).
    """

    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    spectrum: Spectrum = Spectrum.of(sech)  #: target G(|p|); a CSV file with columns p, G
    alpha: Static[Finite] = -0.5  #: how the target is shared between density and envelope
    cutoff: Static[PositiveOrInf] = np.inf  #: momentum cutoff Lambda, for power tails or alpha <= -1

    def __post_init__(self) -> None:
        super().__post_init__()
        for k in (0, 2):  # the normalisations of P(b) and of the field: `InputError` where a cutoff is missing
            self.integral(k, 0.0)

    def integral(self, k: int, distance: ArrayLike) -> Array:
        """Omega_k(r) = int d^dp/(2 pi)^d exp(ipx) G(p)^(1 + alpha - k alpha/2) over |p| < Lambda."""
        power = 1 + self.alpha - k * self.alpha / 2
        return spectral_integral(self.spectrum, power, distance, dim=self.dim, cutoff=self.cutoff)

    @property
    def sigma_a(self) -> float:
        """The amplitude scale that makes G2 the target itself, sigma_a^2 E[ahat^2] = 2 Omega_0(0)."""
        return (2 * float(self.integral(0, 0.0)) / self.amplitude_law.moment(2)) ** 0.5

    @property
    def frequency_law(self) -> SpectralFrequencies:
        return SpectralFrequencies(self.spectrum, 1 + self.alpha, self.cutoff)

    def envelope_at(self, b: jax.Array) -> jax.Array:
        return jnp.exp(-self.alpha / 2 * self.spectrum.log_of_rows(b))

    @theorem("23")
    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = Omega_k(|z|) / Omega_0(0)."""
        return self.integral(k, self.norm(z)) / self.integral(0, 0.0)

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Omega_2(|x - y|): the transform of the target, for every alpha, amplitude law and width."""
        return self.integral(2, self.norm(np.subtract(x, y)))

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """G(|p|) for |p| < Lambda."""
        r = self.norm(p)
        return np.where(r < self.cutoff, self.spectrum(r), 0.0)

    def uncut_spectrum(self, p: ArrayLike) -> Array:
        if self.spectrum.sharp:  # its rows end, and nobody knows what would follow
            return super().uncut_spectrum(p)
        return self.spectrum(self.norm(p))
