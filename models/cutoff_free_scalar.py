"""The free scalar without a cutoff."""

from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma, kv, rgamma

from nnqft_ppl.laws import StudentFrequencies, xp
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Gaussian, InputError, Positive, require, theorem


@final
@dataclass(frozen=True, kw_only=True)
class CutoffFreeScalar(CosineArchitecture):
    """phi(x) = sum_i a_i (b_i^2+m^2)^((s-1)/2) cos(b_i.x + c_i), P(b) ~ (b^2+m^2)^(-s), s > d/2: (26), (30), (31).

    A multivariate t law of frequencies has the free power spectrum 1/(p^2 + m^2) at all momenta, at every width and
    without a cutoff; d = 1, s = 1 is the Cauchy net (31). In d >= 2 the field has infinite variance at a point, as a
    free field must: correlators are finite at separate points, draws make sense against smooth test functions.
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    mass: Positive = 1.0  #: mass m
    power: Positive = 1.0  #: power s of the density of frequencies, greater than d/2

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "power", self.power > self.dim / 2, f"greater than dim/2 = {self.dim / 2}")

    @property
    def normalisation(self) -> float:
        """Z = int d^db (b^2+m^2)^(-s) = pi^(d/2) Gamma(s-d/2)/Gamma(s) m^(d-2s)."""
        d, s = self.dim, self.power
        return float(np.pi ** (d / 2) * gamma(s - d / 2) / gamma(s) * self.mass ** (d - 2 * s))

    @property
    def frequency_law(self) -> StudentFrequencies:
        return StudentFrequencies(self.mass, self.power - self.dim / 2)

    def envelope_at(self, b: jax.Array) -> jax.Array:
        return (jnp.dot(b, b) + self.mass**2) ** ((self.power - 1) / 2)

    @theorem("23")
    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = ((2 pi)^d/Z) W_al(|z|), al = s - k(s-1)/2, W_al the Fourier transform of (p^2+m^2)^(-al).

        W_al(r) = 2^(1-al)/((2 pi)^(d/2) Gamma(al)) (m/r)^(d/2-al) K_(d/2-al)(mr) for r > 0, and at r = 0, if al > d/2,
        Gamma(al-d/2) m^(d-2al)/((4 pi)^(d/2) Gamma(al)).
        """
        d, r, al = self.dim, self.norm(z), self.power - k * (self.power - 1) / 2
        if al <= d / 2 and (r == 0).any():
            raise InputError(
                f"CutoffFreeScalar: points must be separate, because E[F^{k} cos(b.z)] is infinite at z = 0 in d = {d}"
            )
        safe, order = xp.where(r > 0, r, 1.0), d / 2 - al
        away = (
            2 ** (1 - al)
            * rgamma(al)
            / (2 * np.pi) ** (d / 2)
            * (self.mass / safe) ** order
            * kv(order, self.mass * safe)
        )
        at_zero = (
            gamma(-order) * self.mass ** (2 * order) * rgamma(al) / (4 * np.pi) ** (d / 2) if order < 0 else np.inf
        )
        return (2 * np.pi) ** d / self.normalisation * xp.where(r > 0, away, at_zero)

    @theorem("26", "30")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """sigma_a^2 (2 pi)^d/(2 Z) / (p^2 + m^2) for all p."""
        density = (2 * np.pi) ** self.dim / self.normalisation
        return self.amplitude_moment(2) / 2 * density / (self.norm(p) ** 2 + self.mass**2)

    def canonical_sigma_a(self) -> float:
        """The sigma_a for which G(p) = 1/(p^2 + m^2): sigma_a^2 E[ahat^2] = 2 Z/(2 pi)^d."""
        return float((2 * self.normalisation / (2 * np.pi) ** self.dim / self.amplitude_law.moment(2)) ** 0.5)
