"""Cos-net whose frequencies share a random scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution, Gamma

from nnqft_ppl.laws import isotropic_normal, uniform_phases, xp
from nnqft_ppl.theory import AmplitudeLaw, Array, CoupledCosineArchitecture, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class SharedScaleCosNet(CoupledCosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), b_i = sqrt(g) z_i, z_i ~ N(0, s^2 I_d), one g ~ Gamma(1/eps, mean 1): (11).

    The marginal changes with eps: G2 is rational quadratic. I_IB survives N -> infinity, a mixture of Gaussian fields
    of all length scales. s = sigma_b / sqrt(d).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    sigma_b: Positive = 1.0  #: frequency scale
    epsilon: Positive = 0.1  #: variance of the shared scale g

    vectors = ("z",)
    shared = ("g",)

    @property
    def s(self) -> float:
        """Standard deviation of one component of z."""
        return self.sigma_b / self.dim**0.5

    @property
    def length(self) -> float:
        return 1 / self.s

    def prior(self) -> dict[str, Distribution]:
        scale = Gamma(1 / self.epsilon, 1 / self.epsilon)
        return {"a": self.amplitudes(), "g": scale, "z": self.frequencies(), "c": uniform_phases(self.width)}

    def frequencies(self) -> Distribution:
        return isotropic_normal(self.s, self.dim, self.width)

    def frequency(self, *, g: jax.Array, z: jax.Array) -> jax.Array:
        return jnp.sqrt(g) * z

    def laplace(self, q: Array) -> Array:
        """t(q) = E exp(-g s^2 q/2) = (1 + eps s^2 q/2)^(-1/eps)."""
        return xp.exp(-np.log1p(self.epsilon * self.s**2 * q / 2) / self.epsilon)

    @theorem("11", "23")
    def joint_kernel_moment(self, powers: Sequence[int], z: Sequence[Array]) -> Array:
        """E[prod_B cos(b_B.z_B)] = (1 + eps s^2 sum_B z_B^2/2)^(-1/eps)."""
        return self.laplace(sum((self.norm(y) ** 2 for y in z), start=np.zeros(())))

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) (1 + eps s^2 |x-y|^2/2)^(-1/eps)."""
        return self.amplitude_moment(2) / 2 * self.laplace(self.norm(np.subtract(x, y)) ** 2)

    @theorem("11", "28")
    def pair_excess(self, u: Array, v: Array) -> Array:
        """H_iijj - H_ii H_jj = [t(u^2+v^2) - t(u^2) t(v^2)]/4, t(q) = (1 + eps s^2 q/2)^(-1/eps)."""
        u2, v2 = self.norm(u) ** 2, self.norm(v) ** 2
        return (self.laplace(u2 + v2) - self.laplace(u2) * self.laplace(v2)) / 4
