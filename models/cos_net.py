"""Cos-net: plane waves of Gaussian frequency."""

from dataclasses import dataclass
from typing import Literal, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import eval_genlaguerre, factorial

from nnqft_ppl.laws import GaussianFrequencies, xp
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class CosNet(CosineArchitecture):
    """phi(x) = sum_i a_i F(b_i) cos(b_i.x + c_i), with b_i ~ N(0, sigma_b^2/d) and F = 1 or b.b: (24), (34), (S10).

    Euclidean invariant at every width; Gaussian with a Gaussian two-point function as N -> infinity, and there dual to
    Gauss-net. Below, s = sigma_b / sqrt(d) and q = s^2 |x - y|^2.
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    sigma_b: Positive = 1.0  #: frequency scale
    envelope: Literal["1", "b.b"] = "1"  #: F(b)

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def frequency_law(self) -> GaussianFrequencies:
        return GaussianFrequencies(self.s)

    def envelope_at(self, b: jax.Array) -> jax.Array:
        return jnp.dot(b, b) if self.envelope == "b.b" else jnp.ones((), b.dtype)

    @theorem("23")
    def kernel_moment(self, k: int, z: Array) -> Array:
        """M_k(z) = exp(-q/2) for F = 1 and s^(2k) 2^k k! L_k^(d/2-1)(q/2) exp(-q/2) for F = b.b, q = s^2 z^2."""
        q = (self.s * self.norm(z)) ** 2
        if self.envelope == "1":
            return xp.exp(-q / 2)
        laguerre = eval_genlaguerre(k, self.dim / 2 - 1, q / 2)
        return self.s ** (2 * k) * 2.0**k * factorial(k) * laguerre * xp.exp(-q / 2)

    @theorem("25", "S11")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-q/2), times s^4 [q^2 - (2d+4) q + d(d+2)] for F = b.b."""
        d, q = self.dim, (self.s * self.norm(np.subtract(x, y))) ** 2
        envelope = 1.0 if self.envelope == "1" else self.s**4 * (q**2 - (2 * d + 4) * q + d * (d + 2))
        return self.amplitude_moment(2) / 2 * envelope * xp.exp(-q / 2)

    @theorem("26", "34", "S11")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """(sigma_a^2/2) (2 pi/s^2)^(d/2) F(p)^2 exp(-p^2/(2 s^2)).

        The printed (34) lacks (2 pi)^d, and the prefactor of the printed (S11) is right in d = 1 only.
        """
        square = self.norm(p) ** 2
        envelope = 1.0 if self.envelope == "1" else square**2
        gaussian = (2 * np.pi / self.s**2) ** (self.dim / 2) * xp.exp(-square / (2 * self.s**2))
        return self.amplitude_moment(2) / 2 * envelope * gaussian

    @theorem("27", "S15")
    def connected_four_point(self, x: Array) -> Array:
        """[gamma_a^4 L_iiii - sigma_a^4 (L12 L34 + L13 L24 + L14 L23)]/N; points (..., 4, d).

        The last three terms of the printed (S15) must be these three pairings: it prints one of them three times.
        """
        x1, x2, x3, x4 = (x[..., k, :] for k in range(4))
        channels = ((x1 + x2 - x3 - x4), (x1 - x2 + x3 - x4), (x1 - x2 - x3 + x4))
        pairings = ((x1 - x2, x3 - x4), (x1 - x3, x2 - x4), (x1 - x4, x2 - x3))
        four = xp.sum([self.kernel_moment(4, z) for z in channels], axis=0) / 8
        pairs = xp.sum([self.kernel_moment(2, u) * self.kernel_moment(2, v) for u, v in pairings], axis=0) / 4
        return (self.amplitude_moment(4) * four - self.amplitude_moment(2) ** 2 * pairs) / self.width
