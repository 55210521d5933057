"""ReLU-net: neurons that are half planes."""

from dataclasses import dataclass
from math import gamma
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import Distribution, Normal

from nnqft_ppl.laws import iid, isotropic_normal, xp
from nnqft_ppl.theory import AmplitudeLaw, Architecture, Array, Gaussian, NoClosedForm, Positive, theorem


@final
@dataclass(frozen=True, kw_only=True)
class ReluNet(Architecture):
    """phi(x) = sum_i a_i max(0, b_i.x + c_i), b_i ~ N(0, sigma_b^2/d I_d), c_i ~ N(0, sigma_c^2): (1).

    A neuron has a mean; the field has none, and is even, as its amplitudes are. Far from the origin it grows like |x|.
    Below s = sigma_b / sqrt(d).
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
        return jnp.maximum(0.0, jnp.dot(b, x) + c)

    @theorem("arXiv:2008.08601")
    def neuron_moment(self, points: Array) -> Array:
        """H_1 = s_x/sqrt(2 pi) and H_2 = s_x s_y (sin t + (pi - t) cos t)/(2 pi), with s_x s_y cos t = S_xy.

        S_xy = sigma_c^2 + s^2 x.y and s_x^2 = S_xx. Higher orders by quadrature over directions of (b, c), if d < 3.
        """
        n = points.shape[-2]
        size = xp.sqrt(self.sigma_c**2 + self.s**2 * (points**2).sum(axis=-1))
        if n == 1:
            return size[..., 0] / (2 * np.pi) ** 0.5
        if n == 2:
            overlap = self.sigma_c**2 + self.s**2 * (points[..., 0, :] * points[..., 1, :]).sum(axis=-1)
            product = size[..., 0] * size[..., 1]
            t = xp.arccos(xp.clip(overlap / product, -1.0, 1.0))
            return product * (xp.sin(t) + (np.pi - t) * xp.cos(t)) / (2 * np.pi)
        if self.dim > 2:
            raise NoClosedForm(
                f"ReluNet has closed forms to order 2, and beyond for dim <= 2; use an estimator for dim = {self.dim}"
            )
        return self._average(points)

    def _average(self, points: Array) -> Array:
        """E[prod_k max(0, b.x_k + c)]: a moment of the radius of (b, c) times an average over its direction (b, c)/r.

        (b, c)/r = (e sin u, cos u) with a unit vector e: all factors are positive for u below an angle that the least
        e.x_k sets. Which one that is changes where two of them are level, so that the rule has a panel for each of the
        arcs between.
        """
        n, d = points.shape[-2:]
        e, arcs = self._directions(points)  # (..., E, d), (..., E)
        along = self.s * np.einsum("...ed,...nd->...en", e, points)
        end = np.arctan2(self.sigma_c, -along.min(axis=-1))
        nodes, weights = np.polynomial.legendre.leggauss(2 * n + 12)
        u = end[..., None] * (1 + nodes) / 2
        on = self.sigma_c * np.cos(u)[..., None] + np.sin(u)[..., None] * along[..., None, :]
        panel = on.prod(axis=-1) * np.sin(u) ** (d - 1) @ (weights / 2) * end
        moment = 2 ** (n / 2) * gamma((n + d + 1) / 2) / gamma((d + 1) / 2)  # E r^n
        sphere = 2 * np.pi ** ((d + 1) / 2) / gamma((d + 1) / 2)
        return moment / sphere * (panel * arcs).sum(axis=-1)

    def _directions(self, points: Array) -> tuple[Array, Array]:
        """Unit vectors e, (..., E, d), and their weights: in the plane 48 on each arc between kinks."""
        if self.dim == 1:
            return np.array([[1.0], [-1.0]]), np.ones(2)
        first, second = np.triu_indices(points.shape[-2], 1)
        gap = points[..., first, :] - points[..., second, :]
        level = np.arctan2(gap[..., 0], -gap[..., 1]) % np.pi
        kinks = np.sort(np.concatenate([np.zeros_like(level[..., :1]), level, level + np.pi], axis=-1), axis=-1)
        kinks = np.concatenate([kinks, np.full_like(kinks[..., :1], 2 * np.pi)], axis=-1)
        nodes, weights = np.polynomial.legendre.leggauss(48)
        half = np.diff(kinks)[..., None] / 2
        angle = (kinks[..., :-1, None] + half * (1 + nodes)).reshape(*kinks.shape[:-1], -1)
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1), (half * weights).reshape(angle.shape)
