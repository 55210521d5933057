"""Matern nets: fields of any smoothness."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma

from nnqft_ppl.laws import StudentFrequencies
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class Matern(CosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), P(b) ~ (b^2 + m^2)^(-nu - d/2), a multivariate t: (18), (24).

    As N -> infinity it is the Gaussian process of the Matern kernel of smoothness nu; nu = 1/2 in d = 1 is the Cauchy
    net (31).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    mass: Positive = 1.0  #: mass m, the inverse length scale
    nu: Positive = 1.5  #: smoothness

    @property
    def frequency_law(self) -> StudentFrequencies:
        return StudentFrequencies(self.mass, self.nu)

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """(sigma_a^2/2) (2 pi)^d P(p), P(p) = Gamma(nu+d/2) m^(2 nu) / (pi^(d/2) Gamma(nu) (p^2+m^2)^(nu+d/2))."""
        d, nu = self.dim, self.nu
        prefactor = (2 * np.pi) ** d * gamma(nu + d / 2) / (np.pi ** (d / 2) * gamma(nu)) * self.mass ** (2 * nu)
        return self.amplitude_moment(2) / 2 * prefactor / (self.norm(p) ** 2 + self.mass**2) ** (nu + d / 2)
