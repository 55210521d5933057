"""The free boson: a massless field, between an infrared and an ultraviolet cutoff."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws import BandFrequencies
from nnqft_ppl.theory import AmplitudeLaw, Array, CosineArchitecture, Gaussian, Positive, require, theorem


@final
@dataclass(frozen=True, kw_only=True)
class FreeBoson(CosineArchitecture):
    """phi(x) = sum_i a_i cos(b_i.x + c_i), P(b) ~ 1/b^2 on the band m < |b| < Lambda: (18), (24), arXiv:2512.24420.

    Its spectrum is 1/p^2 on the band and zero elsewhere: it has a hole. In the plane |b| is log-uniform, and the theory
    is the conformal field theory of central charge 1 at distances between 1/Lambda and 1/m: as N -> infinity

        <exp(i alpha (phi(0) - phi(r)))> ~ r^(-alpha^2/(2 pi)).
    """

    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat
    infrared: Positive = 1.0  #: infrared cutoff m: the smallest momentum
    cutoff: Positive = 100.0  #: momentum cutoff Lambda

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "cutoff", self.cutoff > self.infrared, f"larger than infrared = {self.infrared}")

    @property
    def sigma_a(self) -> float:
        """The canonical amplitude scale, sigma_a^2 = 2/(2 pi)^d int d^db/b^2 over the band."""
        return (2 * self.frequency_law.distribution(self.dim).at_origin()) ** 0.5

    @property
    def frequency_law(self) -> BandFrequencies:
        return BandFrequencies(self.infrared, self.cutoff)

    @theorem("25")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """E[ahat^2] int d^dp/(2 pi)^d cos(p.(x - y))/p^2 over the band; in the plane (1/2 pi) int J_0(pr) dp/p."""
        return self.amplitude_moment(2) / 2 * self.mean_wave(np.subtract(x, y))

    @theorem("26")
    def power_spectrum(self, p: ArrayLike) -> Array:
        """E[ahat^2]/p^2 for m < |p| < Lambda, zero elsewhere."""
        r = self.norm(p)
        inside = (r > self.infrared) & (r < self.cutoff)
        return self.amplitude_law.moment(2) * inside / np.maximum(r, self.infrared) ** 2
