"""The alpha family of free scalars."""

from dataclasses import dataclass
from typing import Literal, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws import RegulatedFrequencies, propagator, xp
from nnqft_ppl.theory import AmplitudeLaw, Array, ConstantModulus, CosineArchitecture, Finite, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class AlphaScalar(CosineArchitecture):
    """phi = sum_i a_i (b_i^2 + m^2)^(alpha/2) cos(b_i.x + c_i), P(b) ~ f(b) (b^2 + m^2)^(-1-alpha): arXiv:2604.27050.

    f cuts momenta off at Lambda. Every alpha has the same free N -> infinity theory, canonically normalised:
    G(p) = f(p)/(p^2 + m^2) for amplitudes with E[ahat^2] = 1. alpha = -1 is the free scalar (29), and alpha = 0 in
    d = 1 is the Cauchy net (31) with a cutoff.
    """

    amplitude: AmplitudeLaw = ConstantModulus()  #: law of the unscaled amplitudes ahat
    alpha: Finite = 0.0  #: how the propagator is shared between density and envelope
    mass: Positive = 1.0  #: mass m
    cutoff: Positive = 100.0  #: momentum cutoff Lambda
    regulator: Literal["hard", "gaussian"] = "gaussian"  #: f: the ball |b| < Lambda, or exp(-b^2/(2 Lambda^2))

    @property
    def sigma_a(self) -> float:
        """The canonical amplitude scale, sigma_a^2 = 2 Omega_alpha, (2 pi)^d Omega_alpha the norm of P(b)."""
        return (2 * self.frequency_law.distribution(self.dim).at_origin()) ** 0.5

    @property
    def frequency_law(self) -> RegulatedFrequencies:
        return RegulatedFrequencies(1 + self.alpha, self.mass, self.cutoff, self.regulator)

    def envelope_at(self, b: jax.Array) -> jax.Array:
        return (jnp.dot(b, b) + self.mass**2) ** (self.alpha / 2)

    def propagator(self, power: float, distance: ArrayLike) -> Array:
        """G_s(r) = int d^dk/(2 pi)^d f(k) exp(ikr) (k^2 + m^2)^(-s); Omega_alpha = G_(1+alpha)(0)."""
        return propagator(power, distance, mass=self.mass, cutoff=self.cutoff, regulator=self.regulator, dim=self.dim)

    @theorem("23")
    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = G_(1 + alpha - k alpha/2)(|z|) / Omega_alpha."""
        return self.propagator(1 + self.alpha - k * self.alpha / 2, self.norm(z)) / self.propagator(1 + self.alpha, 0.0)

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """E[ahat^2] G_1(|x - y|): the regulated free propagator, for every alpha and width."""
        return self.amplitude_law.moment(2) * self.propagator(1.0, self.norm(np.subtract(x, y)))

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """E[ahat^2] f(p) / (p^2 + m^2)."""
        r = self.norm(p)
        f = r < self.cutoff if self.regulator == "hard" else xp.exp(-((r / self.cutoff) ** 2) / 2)
        return self.uncut_spectrum(p) * f

    def uncut_spectrum(self, p: ArrayLike) -> Array:
        return self.amplitude_law.moment(2) / (self.norm(p) ** 2 + self.mass**2)

    @theorem("arXiv:2604.27050")
    def four_point(self, x: Array) -> Array:
        """(1 - 1/N) G4_free + (1/N) (Omega_alpha/2) E[ahat^4] sum over channels of G_(1-alpha)(|x_i+x_j-x_k-x_l|).

        Points (..., 4, d); G4_free is Wick's sum over the two-point function.
        """
        x1, x2, x3, x4 = (x[..., k, :] for k in range(4))
        pairings = ((x1, x2, x3, x4), (x1, x3, x2, x4), (x1, x4, x2, x3))
        free = sum(self.two_point(i, j) * self.two_point(k, l) for i, j, k, l in pairings)
        four = sum(self.propagator(1 - self.alpha, self.norm(i + j - k - l)) for i, j, k, l in pairings)
        omega = self.propagator(1 + self.alpha, 0.0)
        return (1 - 1 / self.width) * free + omega / 2 * self.amplitude_law.moment(4) * four / self.width
