"""Erf-net: neurons that saturate."""

from dataclasses import dataclass
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf as jax_erf
from numpyro.distributions import Distribution, Normal
from scipy.special import erf

from nnqft_ppl.laws import iid, isotropic_normal, xp
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Array, Gaussian, NoClosedForm, Positive, theorem

MOST_NODES = 2e7  # a second


@final
@dataclass(frozen=True, kw_only=True)
class ErfNet(Architecture):
    """phi(x) = sum_i a_i erf(b_i.x + c_i), b_i ~ N(0, sigma_b^2/d I_d), c_i ~ N(0, sigma_c^2): arXiv:2008.08601, (1).

    The origin is special: away from it neurons saturate, and the field tends to a random sign for each direction. Below
    s = sigma_b / sqrt(d).
    """

    sigma_a: Positive = 1.0  #: amplitude scale: a_i = sigma_a ahat_i / sqrt(N)
    sigma_b: Positive = 1.0  #: weight scale
    sigma_c: Positive = 1.0  #: bias scale
    amplitude: AmplitudeLaw = Gaussian()  #: law of the unscaled amplitudes ahat

    exact_if = ("dim 1 or 2",)
    vectors = ("b",)
    claims = ("Z2", "rotation", "reflection", "permutation")
    denies = ("translation",)

    @property
    def s(self) -> float:
        """Standard deviation of one component of b."""
        return self.sigma_b / self.dim**0.5

    @property
    def length(self) -> float:
        return 1 / self.s

    def prior(self) -> dict[str, Distribution]:
        biases = iid(Normal(0.0, self.sigma_c), self.width)
        return {"a": self.amplitudes(), "b": isotropic_normal(self.s, self.dim, self.width), "c": biases}

    def neuron(self, x: jax.Array, *, b: jax.Array, c: jax.Array) -> jax.Array:
        return jax_erf(jnp.dot(b, x) + c)

    @theorem("arXiv:2008.08601")
    def neuron_moment(self, points: Array) -> Array:
        """H_2 = (2/pi) asin(2 S_xy / sqrt((1 + 2 S_xx)(1 + 2 S_yy))), S_xy = sigma_c^2 + s^2 x.y; zero for odd n.

        Higher orders by quadrature over (b, c) in d = 1 or 2.
        """
        n = points.shape[-2]
        if n % 2:
            return np.zeros(points.shape[:-2])
        if n == 2:
            overlaps = self.sigma_c**2 + self.s**2 * points @ np.swapaxes(points, -1, -2)
            own = (1 + 2 * overlaps[..., 0, 0]) * (1 + 2 * overlaps[..., 1, 1])
            return 2 / np.pi * xp.arcsin(2 * overlaps[..., 0, 1] / xp.sqrt(own))
        if self.dim > 2:
            raise NoClosedForm(
                f"ErfNet has closed forms of order 2, and beyond for dim <= 2; use an estimator for dim = {self.dim}"
            )
        flat = [self._average(configuration) for configuration in points.reshape(-1, n, self.dim)]
        return np.array(flat).reshape(points.shape[:-2])

    def _average(self, points: Array) -> float:
        """E[prod_k erf(b.x_k + c)], of even order, by the trapezoidal rule, as fine as the product varies."""
        scales = np.concatenate([self.s * points, np.full((len(points), 1), self.sigma_c)], axis=1)  # of b and c
        # At q = 2 pi/step, exp(-30) is left of the spectra exp(-q^2/2) of the law and exp(-q^2/(4 scale^2)) of erf.
        steps = 2 * np.pi / np.sqrt(30 * (2 + 4 * (scales**2).sum(axis=0)))
        axes = [step * np.arange(-np.ceil(8.6 / step), np.ceil(8.6 / step) + 1) for step in steps]
        axes[-1] = axes[-1][axes[-1] >= 0]  # (b, c) and (-b, -c) give the same product
        if (count := np.prod([len(axis) for axis in axes])) > MOST_NODES:
            raise NoClosedForm(
                f"ErfNet: points must be nearer to the origin for a quadrature of order {len(points)}, which takes "
                f"{count:.1e} nodes here; use an estimator"
            )
        weights = [np.exp(-(axis**2) / 2) for axis in axes]
        weights[-1][0] /= 2
        product = np.ones([len(axis) for axis in axes])
        for scale in scales:
            product *= erf(sum(np.ix_(*(a * axis for a, axis in zip(scale, axes, strict=True)))))
        for weight in reversed(weights):
            product = product @ (weight / weight.sum())
        return float(product)
