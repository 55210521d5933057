"""Cos-net with a Gibbs coupling: an unnormalised law for Markov chains, exactly solvable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.laws import GibbsNormal, radial_characteristic, xp
from nnqft_ppl.theory import AmplitudeLaw, Array, CoupledCosineArchitecture, Gaussian, NonNegative, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class GibbsCosNet(CoupledCosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), P(b) ~ exp[-S/(2 s^2) - (eps/N^2) S^2], S = sum_i b_i.b_i: (9), (11).

    The law is given up to its normalisation and without an exact sampler, so fields are drawn by Markov chains; it is
    isotropic in R^(Nd), so every expectation is one radial integral that the chains can be held against. It repels:
    I_IB < 0, and the marginal of one neuron narrows with eps. s = sigma_b / sqrt(d).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    sigma_b: Positive = 1.0  #: frequency scale
    epsilon: NonNegative = 0.1  #: coupling of the neurons

    ancestral = False

    @property
    def s(self) -> float:
        """Standard deviation of one component of b at eps = 0."""
        return self.sigma_b / self.dim**0.5

    @property
    def length(self) -> float:
        return 1 / self.s

    def frequencies(self) -> Distribution:
        return GibbsNormal(self.s, self.epsilon, self.dim, self.width)

    def characteristic(self, w: Array) -> Array:
        """E cos(B.W) for B = (b_1..b_N) and |W| = w: E_S[0F1(; Nd/2; -S w^2/4)], P(S) ~ S^(Nd/2-1) exp[-..]."""

        def log_weight(r: Array) -> Array:
            return -(r**2) / (2 * self.s**2) - self.epsilon * (r**2 / self.width) ** 2

        return radial_characteristic(log_weight, w, dim=self.width * self.dim)

    @theorem("11", "23")
    def joint_kernel_moment(self, powers: Sequence[int], z: Sequence[Array]) -> Array:
        """E[prod_B cos(b_B.z_B)], a function of w^2 = sum_B z_B^2 alone because P(b) is isotropic in R^(Nd)."""
        return self.characteristic(xp.sqrt(sum((self.norm(y) ** 2 for y in z), start=np.zeros(()))))

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """(sigma_a^2/2) E cos(b_1.(x - y))."""
        return self.amplitude_moment(2) / 2 * self.characteristic(self.norm(np.subtract(x, y)))

    @theorem("11", "28")
    def pair_excess(self, u: Array, v: Array) -> Array:
        """H_iijj - H_ii H_jj = [C(sqrt(u^2+v^2)) - C(u) C(v)]/4 with the characteristic function C."""
        u, v = self.norm(u), self.norm(v)
        return (self.characteristic(np.hypot(u, v)) - self.characteristic(u) * self.characteristic(v)) / 4
