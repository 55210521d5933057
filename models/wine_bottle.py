"""The wine bottle: spontaneous breaking of SO(D) at the classical level."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.laws import BottleAndNormals, BottleLaw, GaussianFrequencies, isotropic_moment, xp
from nnqft_ppl.theory import (
    AmplitudeGroup,
    AmplitudeLaw,
    Array,
    CosineArchitecture,
    Gaussian,
    Positive,
    Several,
    theorem,
)


@final
@dataclass(frozen=True, kw_only=True)
class WineBottle(CosineArchitecture):
    """phi_k = a_k0 h_0 + sum_(j=1..N) a_kj h_j, P(a_0) ~ exp(-(a_0.a_0 - v^2)^2 / (2 sigma_v^2)), D >= 2: (42), (44).

    Neuron 0, stored last, has an amplitude of its own that is not scaled by 1/sqrt(N): its interactions survive
    N -> infinity. The classical vacua |a_0| = v form the sphere S^(D-1); the ensemble averages over all of them, so
    its correlators keep SO(D). The sigma_a of the printed (44) has the dimension of a^2; it is sigma_v here.
    """

    components: Several = 2  #: number D of components of the field
    sigma_a: Positive = 1.0  #: amplitude scale of the other neurons: a_kj ~ N(0, sigma_a^2/N)
    sigma_b: Positive = 1.0  #: frequency scale
    radius: Positive = 1.0  #: radius v of the sphere of vacua
    sigma_v: Positive = 0.5  #: width of the brim, of the dimension of a^2

    claims = ("Z2", "translation", "rotation", "reflection", "permutation", "SO(D)")

    @property
    def amplitude_law(self) -> AmplitudeLaw:
        return Gaussian()

    @property
    def component_count(self) -> int:
        return self.components

    @property
    def neuron_count(self) -> int:
        return self.width + 1

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def bottle(self) -> BottleLaw:
        """The law of a_0."""
        return BottleLaw(self.radius, self.sigma_v, self.components)

    def amplitudes(self) -> Distribution:
        return BottleAndNormals(self.sigma_a / self.width**0.5, self.bottle, self.width)

    def amplitude_groups(self) -> tuple[AmplitudeGroup, ...]:
        def normal(k: int) -> float:  # E|sqrt(N) a_j|^k
            return self.sigma_a**k * float(xp.prod(np.arange(self.components, self.components + k, 2, dtype=float)))

        def bottle(k: int) -> float:
            return self.width ** (k / 2) * self.bottle.radial_moment(k)

        return (
            AmplitudeGroup(self.width, lambda c: isotropic_moment(c, normal, self.components)),
            AmplitudeGroup(1, lambda c: isotropic_moment(c, bottle, self.components)),
        )

    @property
    def frequency_law(self) -> GaussianFrequencies:
        return GaussianFrequencies(self.s)

    @theorem("44")
    def radial_moment(self, k: int) -> float:
        """E|a_0|^k = I((D+k)/2)/I(D/2), I(nu) = int_0^inf ds s^(nu-1) exp(-(s - v^2)^2/(2 sigma_v^2))."""
        return self.bottle.radial_moment(k)

    @theorem("42", "43", "44")
    def two_point(self, x: ArrayLike, y: ArrayLike, k: int = 0, l: int = 0) -> Array:
        """G^(2)_kl(x, y) = delta_kl (sigma_a^2 + E|a_0|^2/D) exp(-s^2 |x-y|^2/2)/2."""
        scale = self.sigma_a**2 + self.radial_moment(2) / self.components
        return (k == l) * scale / 2 * self.kernel_moment(2, np.subtract(x, y, dtype=float))

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """G^(2)_kk(p) = (sigma_a^2 + E|a_0|^2/D) (2 pi/s^2)^(d/2) exp(-p^2/(2 s^2))/2."""
        gaussian = (2 * np.pi / self.s**2) ** (self.dim / 2) * xp.exp(-(self.norm(p) ** 2) / (2 * self.s**2))
        return (self.sigma_a**2 + self.radial_moment(2) / self.components) / 2 * gaussian

    @theorem("42", "44")
    def connected_four_point(self, x: Array, components: Sequence[int] = (0, 0, 0, 0)) -> Array:
        """(sigma_a^4/N + E|a_0|^4/(D(D+2))) (dd + dd + dd) H_iiii - (sigma_a^4/N + E2^2) (d_kl d_mn H12 H34 + 2 more).

        E2 = E|a_0|^2/D; points (..., 4, d), components (k, l, m, n).
        """
        x1, x2, x3, x4 = (x[..., j, :] for j in range(4))
        k, l, m, n = components
        channels = (x1 + x2 - x3 - x4, x1 - x2 + x3 - x4, x1 - x2 - x3 + x4)
        pairings = ((x1 - x2, x3 - x4), (x1 - x3, x2 - x4), (x1 - x4, x2 - x3))
        deltas = ((k == l) * (m == n), (k == m) * (l == n), (k == n) * (l == m))
        four = xp.sum([self.kernel_moment(4, z) for z in channels], axis=0) / 8
        pairs = [self.kernel_moment(2, u) * self.kernel_moment(2, v) / 4 for u, v in pairings]
        disconnected = sum(delta * pair for delta, pair in zip(deltas, pairs, strict=True))
        others, count = self.sigma_a**4 / self.width, self.components
        fourth = self.radial_moment(4) / (count * (count + 2))
        second = self.radial_moment(2) / count
        return (others + fourth) * sum(deltas) * four - (others + second**2) * disconnected
