"""Cos-net with an offset in every neuron: explicit breaking that the field shows."""

import itertools
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.laws import isotropic_normal, uniform_phases, xp
from nnqft_ppl.theory import (
    AmplitudeLaw,
    Architecture,
    Array,
    Finite,
    OffsetGaussian,
    Positive,
    balanced_signs,
    theorem,
)


@final
@dataclass(frozen=True, kw_only=True)
class OffsetCosNet(Architecture):
    """phi(x) = sum_i a_i [kappa + cos(b_i.x + c_i)] with a_i ~ N(mu, sigma_a^2/N) and b_i ~ N(0, s^2 I_d): (2), (12).

    Neither the amplitudes nor the neurons are even, so Z2 is broken and odd correlators do not vanish; Euclidean
    invariance stays. Below K(u) = exp(-s^2 u^2/2) and s = sigma_b / sqrt(d).
    """

    sigma_a: Positive = 1.0  #: standard deviation of sqrt(N) a_i
    mu: Finite = 0.3  #: mean of a_i, not scaled by N
    kappa: Finite = 0.5  #: offset of a neuron
    sigma_b: Positive = 1.0  #: frequency scale

    vectors = ("b",)
    claims = ("translation", "rotation", "reflection", "permutation")
    denies = ("Z2",)

    @property
    def amplitude_law(self) -> AmplitudeLaw:
        return OffsetGaussian(mean=self.mu * self.width**0.5 / self.sigma_a)

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def length(self) -> float:
        return 1 / self.s

    def prior(self) -> dict[str, Distribution]:
        frequencies = isotropic_normal(self.s, self.dim, self.width)
        return {"a": self.amplitudes(), "b": frequencies, "c": uniform_phases(self.width)}

    def neuron(self, x: jax.Array, *, b: jax.Array, c: jax.Array) -> jax.Array:
        return self.kappa + jnp.cos(jnp.dot(b, x) + c)

    def kernel(self, u: Array) -> Array:
        """K(u) = E cos(b.u) = exp(-s^2 u^2/2)."""
        return xp.exp(-((self.s * self.norm(u)) ** 2) / 2)

    @theorem("3", "23")
    def neuron_moment(self, points: Array) -> Array:
        """H_n = sum over subsets S of points of kappa^(n-|S|) 2^(1-|S|) sum over balanced signs of K(sum_S s_k x_k)."""
        n = points.shape[-2]
        total = xp.full(points.shape[:-2], self.kappa**n)
        for size in range(2, n + 1, 2):
            for subset in itertools.combinations(range(n), size):
                waves = self.kernel(balanced_signs(size) @ points[..., subset, :]).sum(axis=-1)
                total = total + self.kappa ** (n - size) * 2.0 ** (1 - size) * waves
        return total

    @theorem("2")
    def mean_field(self, x: ArrayLike) -> Array:
        """G^(1) = N mu kappa, the same everywhere."""
        return xp.full(np.shape(x)[:-1], self.width * self.mu * self.kappa)

    @theorem("6")
    def connected_two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """G^(2)_c = sigma_a^2 (kappa^2 + K/2) + N mu^2 K/2 with K = K(x - y)."""
        kernel = self.kernel(np.subtract(x, y, dtype=float)) / 2
        return self.sigma_a**2 * (self.kappa**2 + kernel) + self.width * self.mu**2 * kernel

    @theorem("6")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """G^(2) = G^(2)_c + (N mu kappa)^2."""
        return self.connected_two_point(x, y) + (self.width * self.mu * self.kappa) ** 2

    @theorem("2")
    def connected_three_point(self, x: Array) -> Array:
        """G^(3)_c = N [m_3 - m_1 (m_2(12) + m_2(13) + m_2(23)) + 2 m_1^3], points (..., 3, d).

        m_1 = mu kappa, m_2(ij) = (mu^2 + sigma_a^2/N)(kappa^2 + K_ij/2) and
        m_3 = (mu^3 + 3 mu sigma_a^2/N)(kappa^3 + (kappa/2)(K_12 + K_13 + K_23)).
        """
        kernels = [self.kernel(x[..., i, :] - x[..., j, :]) for i, j in ((0, 1), (0, 2), (1, 2))]
        variance, m1 = self.sigma_a**2 / self.width, self.mu * self.kappa
        m2 = (self.mu**2 + variance) * xp.sum([self.kappa**2 + k / 2 for k in kernels], axis=0)
        m3 = (self.mu**3 + 3 * self.mu * variance) * (self.kappa**3 + self.kappa / 2 * xp.sum(kernels, axis=0))
        return self.width * (m3 - m1 * m2 + 2 * m1**3)
