"""Cos-net in which some neurons share one frequency."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Bernoulli, Distribution, Normal

from nnqft_ppl.laws import GaussianFrequencies, iid, isotropic_normal, uniform_phases, xp
from nnqft_ppl.theory import (
    AmplitudeLaw,
    Array,
    CoupledCosineArchitecture,
    Fraction,
    Gaussian,
    Positive,
    signed_sums,
    theorem,
)


@final
@dataclass(frozen=True, kw_only=True)
class SharedNeuronCosNet(CoupledCosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), b_i = z_0 with probability sqrt(eps) and its own z_i otherwise: (9), (11).

    Every b_i alone is N(0, s^2 I_d), s = sigma_b / sqrt(d); I_IB is exactly linear in eps. The joint law is singular:
    which neurons share is a discrete site, so gradient samplers decline it.
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    sigma_b: Positive = 1.0  #: frequency scale
    epsilon: Fraction = 0.1  #: probability that two given neurons share their frequency

    vectors = ("z",)
    shared = ("z0",)

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    def prior(self) -> dict[str, Distribution]:
        return {
            "a": self.amplitudes(),
            "z0": Normal(jnp.zeros(self.dim), self.s).to_event(1),
            "z": self.frequencies(),
            "joined": iid(Bernoulli(probs=self.epsilon**0.5), self.width),
            "c": uniform_phases(self.width),
        }

    @property
    def frequency_law(self) -> GaussianFrequencies:
        return GaussianFrequencies(self.s)

    def frequencies(self) -> Distribution:
        return isotropic_normal(self.s, self.dim, self.width)

    def frequency(self, *, z0: jax.Array, z: jax.Array, joined: jax.Array) -> jax.Array:
        return jnp.where(joined, z0, z)

    @theorem("11", "23")
    def joint_kernel_moment(self, powers: Sequence[int], z: Sequence[Array]) -> Array:
        """sum over subsets T of blocks of p^|T| (1-p)^(m-|T|) E[prod_(B in T) cos(z_0.z_B)] prod_(B not in T) M(z_B).

        p = sqrt(eps); the product of cosines of one z_0 is the mean of M(sum_B t_B z_B) over signs t.
        """
        p, total = self.epsilon**0.5, np.zeros(())
        for joined in itertools.product((True, False), repeat=len(z)):
            together = [y for y, shares in zip(z, joined, strict=True) if shares]
            alone = [self.mean_wave(y) for y, shares in zip(z, joined, strict=True) if not shares]
            term = np.asarray(p ** len(together) * (1 - p) ** len(alone))
            if together:
                term = term * self.mean_wave(signed_sums(together)).mean(axis=0)
            for factor in alone:
                term = term * factor
            total = total + term
        return total

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) exp(-s^2 |x-y|^2/2) for every eps."""
        return self.amplitude_moment(2) / 2 * self.mean_wave(np.subtract(x, y, dtype=float))

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """(sigma_a^2/2) (2 pi/s^2)^(d/2) exp(-p^2/(2 s^2)) for every eps."""
        gaussian = (2 * np.pi / self.s**2) ** (self.dim / 2) * xp.exp(-(self.norm(p) ** 2) / (2 * self.s**2))
        return self.amplitude_moment(2) / 2 * gaussian

    @theorem("11", "28")
    def pair_excess(self, u: Array, v: Array) -> Array:
        """H_iijj - H_ii H_jj = eps {[M(u+v) + M(u-v)]/8 - M(u) M(v)/4}."""
        together = (self.mean_wave(u + v) + self.mean_wave(u - v)) / 8
        return self.epsilon * (together - self.mean_wave(u) * self.mean_wave(v) / 4)
