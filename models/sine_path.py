"""Sines of random paths: an interacting quantum particle at every width."""

from dataclasses import dataclass
from itertools import product
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws import OrnsteinUhlenbeck, xp
from nnqft_ppl.theory import AmplitudeLaw, Array, ConstantModulus, PathArchitecture, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class SinePath(PathArchitecture):
    """phi(t) = sum_i a_i sin(g x_i(t)), x_i Ornstein-Uhlenbeck processes of unit variance: arXiv:2504.05462.

    Reflection positive at every width, and not Gaussian: G4c falls like 1/N. With amplitudes of constant modulus
    cluster decomposition holds too.
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    amplitude: AmplitudeLaw = ConstantModulus()  #: law of the unscaled amplitudes ahat
    gain: Positive = 1.3  #: gain g of the activation
    mass: Positive = 1.0  #: rate m of the paths

    claims = ("Z2", "translation", "reflection", "permutation")

    @property
    def path_law(self) -> OrnsteinUhlenbeck:
        return OrnsteinUhlenbeck(self.mass)

    def readout(self, x: Any) -> Any:
        return xp.sin(self.gain * x)

    @theorem("arXiv:2504.05462")
    def neuron_moment(self, points: Array) -> Array:
        """H_n = 2^(1-n) i^n sum over signs s, up to s -> -s, of prod_k s_k exp(-g^2 s.C.s/2), C = exp(-m|t_j - t_k|).

        Zero for odd n: products of sines are sums of exponentials of Gaussian variables.
        """
        n = points.shape[-2]
        if n % 2:
            return np.zeros(points.shape[:-2])
        t = points[..., 0]
        covariance = xp.exp(-self.mass * np.abs(t[..., :, None] - t[..., None, :]))
        signs = np.array([(1.0, *rest) for rest in product((1.0, -1.0), repeat=n - 1)])
        total = xp.exp(-0.5 * self.gain**2 * xp.einsum("sj,...jk,sk->...s", signs, covariance, signs))
        return (-1) ** (n // 2) * 2.0 ** (1 - n) * total @ signs.prod(axis=1)

    @theorem("arXiv:2504.05462")
    def two_point(self, x: ArrayLike, y: ArrayLike) -> Array:
        """sigma_a^2 exp(-g^2) sinh(g^2 exp(-m|x - y|)): energies m, 3m, 5m, .. with weights exp(-g^2) g^(2k)/k!."""
        gone = xp.exp(-self.mass * self.norm(np.subtract(x, y, dtype=float)))
        return self.amplitude_moment(2) * xp.exp(-(self.gain**2)) * xp.sinh(self.gain**2 * gone)
