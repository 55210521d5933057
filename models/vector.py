"""A vector of fields with SO(D) symmetry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike
from numpyro.distributions import Distribution, Normal

from nnqft_ppl.laws import GaussianFrequencies, iid, isotropic_moment, xp
from nnqft_ppl.theory import AmplitudeGroup, AmplitudeLaw, Array, CosineArchitecture, Count, Gaussian, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class Vector(CosineArchitecture):
    """phi_k(x) = sum_j a_kj cos(b_j.x + c_j), k = 1..D, with a_j ~ N(0, sigma_a^2/N I_D): (42), (43).

    All components share their neurons, so they interact; correlators are invariant tensors of SO(D). In the printed
    (43) a_j is the j-th column and the exponent lacks N: P(a_j) ~ exp(-N a_j.a_j / (2 sigma_a^2)).
    """

    components: Count = 2  #: number D of components of the field
    sigma_a: Positive = 1.0  #: amplitude scale: a_kj ~ N(0, sigma_a^2/N)
    sigma_b: Positive = 1.0  #: frequency scale

    claims = ("Z2", "translation", "rotation", "reflection", "permutation", "SO(D)")

    @property
    def amplitude_law(self) -> AmplitudeLaw:
        return Gaussian()

    @property
    def component_count(self) -> int:
        return self.components

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    def amplitudes(self) -> Distribution:
        return iid(Normal(np.zeros(self.components), self.sigma_a / self.width**0.5), self.width)

    def amplitude_groups(self) -> tuple[AmplitudeGroup, ...]:
        return (AmplitudeGroup(self.width, lambda c: isotropic_moment(c, self.radial_moment, self.components)),)

    def radial_moment(self, k: int) -> float:
        """E|sqrt(N) a_j|^k = sigma_a^k D (D+2) .. (D+k-2) for even k."""
        return self.sigma_a**k * float(xp.prod(np.arange(self.components, self.components + k, 2, dtype=float)))

    @property
    def frequency_law(self) -> GaussianFrequencies:
        return GaussianFrequencies(self.s)

    @theorem("42", "43")
    def two_point(self, x: ArrayLike, y: ArrayLike, k: int = 0, l: int = 0) -> Array:
        """G^(2)_kl(x, y) = delta_kl (sigma_a^2/2) exp(-s^2 |x-y|^2/2)."""
        return (k == l) * self.sigma_a**2 / 2 * self.kernel_moment(2, np.subtract(x, y, dtype=float))

    @theorem("26", "34")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """G^(2)_kk(p) = (sigma_a^2/2) (2 pi/s^2)^(d/2) exp(-p^2/(2 s^2))."""
        gaussian = (2 * np.pi / self.s**2) ** (self.dim / 2) * xp.exp(-(self.norm(p) ** 2) / (2 * self.s**2))
        return self.sigma_a**2 / 2 * gaussian

    @theorem("42", "43")
    def connected_four_point(self, x: Array, components: Sequence[int] = (0, 0, 0, 0)) -> Array:
        """(sigma_a^4/N) [(dd + dd + dd) H_iiii - d_kl d_mn H12 H34 - d_km d_ln H13 H24 - d_kn d_lm H14 H23].

        Points (..., 4, d), components (k, l, m, n).
        """
        x1, x2, x3, x4 = (x[..., j, :] for j in range(4))
        k, l, m, n = components
        pairings = ((x1 - x2, x3 - x4), (x1 - x3, x2 - x4), (x1 - x4, x2 - x3))
        deltas = ((k == l) * (m == n), (k == m) * (l == n), (k == n) * (l == m))
        channels = (x1 + x2 - x3 - x4, x1 - x2 + x3 - x4, x1 - x2 - x3 + x4)
        four = xp.sum([self.kernel_moment(4, z) for z in channels], axis=0) / 8
        pairs = [self.kernel_moment(2, u) * self.kernel_moment(2, v) / 4 for u, v in pairings]
        disconnected = sum(delta * pair for delta, pair in zip(deltas, pairs, strict=True))
        return self.sigma_a**4 / self.width * (sum(deltas) * four - disconnected)
