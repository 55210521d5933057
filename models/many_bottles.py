"""Many wine bottles: spontaneous breaking of SO(D) by several amplitudes, with moduli."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution

from nnqft_ppl.laws import BottleAndNormals, BottleLaw, CoupledBottles, GaussianFrequencies, isotropic_moment, xp
from nnqft_ppl.theory import (
    AmplitudeGroup,
    AmplitudeLaw,
    Array,
    CosineArchitecture,
    Count,
    Gaussian,
    NoClosedForm,
    NonNegative,
    Positive,
    Several,
    Static,
    theorem,
)


@final
@dataclass(frozen=True, kw_only=True)
class ManyBottles(CosineArchitecture):
    """phi = sum_(j=1..N) a_j h_j + sum_(j=1..k) A_j h_(N+j), P(A) ~ prod_j exp(-(A_j.A_j - v^2)^2/(2 sigma_v^2)): (44).

    Wine bottles are k of the vectors of (42), stored last, not scaled by 1/sqrt(N); k = 1 is the wine bottle. Their
    classical vacua are (S^(D-1))^k, where relative angles are moduli that no symmetry keeps massless: the factor
    exp(-g sum_(i<j) (A_i.A_j)^2) gives each of them the mass^2 4 g v^2, and leaves right angles.
    """

    components: Several = 3  #: number D of components of the field
    bottles: Count = 2  #: number k of wine bottles
    sigma_a: Positive = 1.0  #: amplitude scale of the other neurons: a_kj ~ N(0, sigma_a^2/N)
    sigma_b: Positive = 1.0  #: frequency scale
    radius: Positive = 1.0  #: radius v of the spheres of vacua
    sigma_v: Positive = 0.5  #: width of the brim, of the dimension of a^2
    strength: Static[NonNegative] = 0.0  #: coupling g of the directions of the bottles, of the dimension of 1/a^4

    claims = ("Z2", "translation", "rotation", "reflection", "permutation", "SO(D)")

    @property
    def amplitude_law(self) -> AmplitudeLaw:
        return Gaussian()

    @property
    def component_count(self) -> int:
        return self.components

    @property
    def neuron_count(self) -> int:
        return self.width + self.bottles

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def together(self) -> CoupledBottles:
        """The joint law of the bottles."""
        return CoupledBottles(BottleLaw(self.radius, self.sigma_v, self.components), self.bottles, self.strength)

    @property
    def bottle(self) -> BottleLaw | None:
        """The law of one bottle, where they are independent."""
        return None if self.strength and self.bottles > 1 else self.together.bottle

    def amplitudes(self) -> Distribution:
        return BottleAndNormals(self.sigma_a / self.width**0.5, self.together, self.width)

    def amplitude_groups(self) -> tuple[AmplitudeGroup, ...]:
        def normal(k: int) -> float:  # E|sqrt(N) a_j|^k
            return self.sigma_a**k * float(xp.prod(np.arange(self.components, self.components + k, 2, dtype=float)))

        def bottle(k: int) -> float:
            if self.bottle is None:
                raise NoClosedForm("ManyBottles: amplitudes of coupled bottles are dependent; use the estimator field")
            return self.width ** (k / 2) * self.bottle.radial_moment(k)

        return (
            AmplitudeGroup(self.width, lambda c: isotropic_moment(c, normal, self.components)),
            AmplitudeGroup(self.bottles, lambda c: isotropic_moment(c, bottle, self.components)),
        )

    @property
    def frequency_law(self) -> GaussianFrequencies:
        return GaussianFrequencies(self.s)

    @theorem("44")
    def radial_moment(self, k: int) -> float:
        """E|A_j|^k: that of one bottle, or for two coupled ones an integral over both lengths and the angle."""
        return self.together.radial_moment(k)

    @theorem("42", "43", "44")
    def two_point(self, x: ArrayLike, y: ArrayLike, k: int = 0, l: int = 0) -> Array:
        """G^(2)_kl(x, y) = delta_kl (sigma_a^2 + k E|A_j|^2/D) exp(-s^2 |x-y|^2/2)/2 for k bottles."""
        return (k == l) * self.mean_square / 2 * self.kernel_moment(2, np.subtract(x, y, dtype=float))

    @property
    def mean_square(self) -> float:
        """sum_i E[a_ki^2] of one component: sigma_a^2 + k E|A_j|^2/D."""
        return self.sigma_a**2 + self.bottles * self.radial_moment(2) / self.components

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """G^(2)_kk(p) = (sigma_a^2 + k E|A_j|^2/D) (2 pi/s^2)^(d/2) exp(-p^2/(2 s^2))/2."""
        gaussian = (2 * np.pi / self.s**2) ** (self.dim / 2) * xp.exp(-(self.norm(p) ** 2) / (2 * self.s**2))
        return self.mean_square / 2 * gaussian

    def neuron_power_spectrum(self, p: ArrayLike) -> Array:
        return self.power_spectrum(p) / self.mean_square

    @theorem("42", "44")
    def connected_four_point(self, x: Array, components: Sequence[int] = (0, 0, 0, 0)) -> Array:
        """(sigma_a^4/N + k E4) (dd + dd + dd) H_iiii + sum over pairings of [..] H12 H34, E4 = E|A_j|^4/(D(D+2)).

        [..] = -(sigma_a^4/N + k E2^2) d_kl d_mn + k (k-1) [(X - E2^2) d_kl d_mn + Y (d_km d_ln + d_kn d_lm)], with
        E2 = E|A_j|^2/D and E[A_1k A_1l A_2m A_2n] = X d_kl d_mn + Y (d_km d_ln + d_kn d_lm); Y = 0 without a coupling.
        Points (..., 4, d), components (k, l, m, n).
        """
        x1, x2, x3, x4 = (x[..., j, :] for j in range(4))
        k, l, m, n = components
        channels = (x1 + x2 - x3 - x4, x1 - x2 + x3 - x4, x1 - x2 - x3 + x4)
        pairings = ((x1 - x2, x3 - x4), (x1 - x3, x2 - x4), (x1 - x4, x2 - x3))
        deltas = ((k == l) * (m == n), (k == m) * (l == n), (k == n) * (l == m))
        four = xp.sum([self.kernel_moment(4, z) for z in channels], axis=0) / 8
        pairs = [self.kernel_moment(2, u) * self.kernel_moment(2, v) / 4 for u, v in pairings]
        others, count, bottles = self.sigma_a**4 / self.width, self.components, self.bottles
        fourth = self.radial_moment(4) / (count * (count + 2))
        second = self.radial_moment(2) / count
        same, crossed = self.pair_tensor()
        total = (others + bottles * fourth) * sum(deltas) * four
        for own, pair in zip(deltas, pairs, strict=True):
            mixed = (same - second**2) * own + crossed * (sum(deltas) - own)
            total = total + (bottles * (bottles - 1) * mixed - (others + bottles * second**2) * own) * pair
        return total

    def pair_tensor(self) -> tuple[float, float]:
        """X and Y of E[A_1k A_1l A_2m A_2n] = X d_kl d_mn + Y (d_km d_ln + d_kn d_lm)."""
        count = self.components
        if self.bottle is not None:
            return (self.radial_moment(2) / count) ** 2, 0.0
        lengths, product = self.together.pair_moment(2, 2), self.together.pair_moment(2, 2, 2)
        crossed = (product - lengths / count) / (count**2 + count - 2)
        return (lengths - 2 * count * crossed) / count**2, crossed
