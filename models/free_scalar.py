"""The free scalar with a sharp cutoff."""

from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws import RegulatedFrequencies, ball_volume, propagator
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class FreeScalar(CosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i) / sqrt(b_i^2 + m^2), b_i uniform in the solid ball |b| < Lambda: (29), (30).

    Its power spectrum is that of a free scalar of mass m up to the cutoff, zero beyond, at every width; interactions
    are of order Lambda^d/N. The printed (29) says "sphere": on a sphere |b| would have a single value.
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    mass: Positive = 1.0  #: mass m
    cutoff: Positive = 10.0  #: momentum cutoff Lambda

    @property
    def frequency_law(self) -> RegulatedFrequencies:
        return RegulatedFrequencies(power=0.0, mass=self.mass, cutoff=self.cutoff, regulator="hard")

    def envelope_at(self, b: jax.Array) -> jax.Array:
        return 1.0 / jnp.sqrt(jnp.dot(b, b) + self.mass**2)

    @theorem("23", "29")
    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = (d/Lambda^d) int_0^Lambda b^(d-1) Omega_d(b|z|) (b^2+m^2)^(-k/2) db, by radial quadrature."""
        integral = propagator(k / 2, self.norm(z), mass=self.mass, cutoff=self.cutoff, regulator="hard", dim=self.dim)
        return (2 * np.pi) ** self.dim / ball_volume(self.dim, self.cutoff) * integral

    @theorem("26", "30")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """sigma_a^2 (2 pi)^d / (2 vol(B^d_Lambda)) theta(Lambda - |p|) / (p^2 + m^2).

        The printed (30) lacks the step function, and its volume must be the ball's.
        """
        return self.uncut_spectrum(p) * (self.norm(p) < self.cutoff)

    def uncut_spectrum(self, p: ArrayLike) -> Array:
        density = (2 * np.pi) ** self.dim / ball_volume(self.dim, self.cutoff)
        return self.amplitude_moment(2) / 2 * density / (self.norm(p) ** 2 + self.mass**2)

    def canonical_sigma_a(self) -> float:
        """The sigma_a for which G(p) = 1/(p^2 + m^2) below the cutoff: sigma_a^2 E[ahat^2] = 2 vol(B)/(2 pi)^d."""
        unscaled = self.amplitude_law.moment(2)
        return float((2 * ball_volume(self.dim, self.cutoff) / (2 * np.pi) ** self.dim / unscaled) ** 0.5)
