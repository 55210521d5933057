"""The free scalar with a cutoff, with neurons coupled by a latent sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.laws import BallTilt, LatentSignTilt, RegulatedFrequencies, ball_volume, propagator
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
class CoupledScalar(CoupledCosineArchitecture):
    """phi = sum_i a_i cos(b_i.x + c_i) / sqrt(b_i^2 + m^2), P(b) ~ sum_sg prod_i (1 + sg sqrt(eps) g_i): (11), (29).

    Each b_i alone is uniform in the ball |b| < Lambda; g = 1 for |b| < 2^(-1/d) Lambda, which is half of the ball, and
    -1 beyond. I_IB is exactly linear in eps; at eps = 1 all neurons are in one half of the ball together.
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    mass: Positive = 1.0  #: mass m
    cutoff: Positive = 10.0  #: momentum cutoff Lambda
    epsilon: Fraction = 0.1  #: coupling of the neurons

    @property
    def frequency_law(self) -> RegulatedFrequencies:
        return RegulatedFrequencies(power=0.0, mass=self.mass, cutoff=self.cutoff, regulator="hard")

    def frequencies(self) -> Distribution:
        return LatentSignTilt(BallTilt(self.cutoff, self.dim), self.epsilon, self.width)

    def envelope_at(self, b: jax.Array) -> jax.Array:
        return 1.0 / jnp.sqrt(jnp.dot(b, b) + self.mass**2)

    def ball_moment(self, k: int, z: Array, cutoff: float) -> Array:
        """E[(b^2 + m^2)^(-k/2) cos(b.z)] for b uniform in the ball |b| < cutoff."""
        integral = propagator(k / 2, self.norm(z), mass=self.mass, cutoff=cutoff, regulator="hard", dim=self.dim)
        return (2 * np.pi) ** self.dim / ball_volume(self.dim, cutoff) * integral

    def tilt_moment(self, k: int, z: Array) -> Array:
        """E[F^k cos(b.z) g(b)] = M_k of the inner half of the ball - M_k."""
        inner = self.cutoff * 2 ** (-1 / self.dim)
        return self.ball_moment(k, z, inner) - self.ball_moment(k, z, self.cutoff)

    @theorem("11", "23")
    def joint_kernel_moment(self, powers: Sequence[int], z: Sequence[Array]) -> Array:
        """1/2 sum_sg prod_B [M_k(z_B) + sg sqrt(eps) E[F^k cos(b.z_B) g]], k = k_B."""
        moments = [
            (self.ball_moment(k, y, self.cutoff), self.tilt_moment(k, y)) for k, y in zip(powers, z, strict=True)
        ]
        return latent_sign_moment(moments, self.epsilon)

    @theorem("26", "30")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """sigma_a^2 (2 pi)^d / (2 vol(B^d_Lambda)) theta(Lambda - |p|) / (p^2 + m^2) for every eps."""
        return self.uncut_spectrum(p) * (self.norm(p) < self.cutoff)

    def uncut_spectrum(self, p: ArrayLike) -> Array:
        density = (2 * np.pi) ** self.dim / ball_volume(self.dim, self.cutoff)
        return self.amplitude_moment(2) / 2 * density / (self.norm(p) ** 2 + self.mass**2)

    @theorem("11", "28")
    def pair_excess(self, u: Array, v: Array) -> Array:
        """H_iijj - H_ii H_jj = eps A(u) A(v), A(u) = [M_2 of the inner half - M_2]/2."""
        return self.epsilon * self.tilt_moment(2, u) * self.tilt_moment(2, v) / 4
