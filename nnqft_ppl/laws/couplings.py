"""Joint laws P(b_1..b_N; epsilon) of coupled frequencies: exchangeable, isotropic, smooth in epsilon.

The latent-sign tilt (L) keeps any marginal P(b) and couples neurons through one hidden sign sg = +-1,

    P(b_1..b_N; eps) = 1/2 sum_sg prod_i P(b_i) [1 + sg sqrt(eps) g(b_i)],    E g = 0,  |g| <= 1,

which is sampled exactly: each row comes from P with probability 1 - sqrt(eps) and from P (1 + sg g) otherwise.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints

from nnqft_ppl.laws.ball import UniformBall
from nnqft_ppl.laws.charts import Chart, ChartedLaw, Shape, leaf_chart
from nnqft_ppl.laws.joint import isotropic_direction, leaf
from nnqft_ppl.runtime.errors import InputError


class Tilt(Protocol):
    """A law P(b) of one row with an isotropic function g, E g = 0 and |g| <= 1."""

    @property
    def law(self) -> dist.Distribution:
        """P, event shape (d,)."""
        ...

    def g(self, b: jax.Array) -> jax.Array:
        """g at rows b of shape (..., d)."""
        ...

    def tilted(self, key: jax.Array, sign: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """Draws of P(b) (1 + sign g(b)), shape (*shape, d); `sign` broadcasts against `shape`."""
        ...


@dataclass(frozen=True)
class GaussianTilt:
    """P = N(0, s^2 I_d) and g = 2 exp(-kappa b^2) - 1, kappa = (2^(2/d) - 1)/(2 s^2).

    For `LatentSignTilt`, with the frequencies of Cos-net, (S10). P (1 + g) is a normal law too, N(0, 2^(-2/d) s^2 I_d).

    Examples
    --------
    >>> from nnqft_ppl.laws import GaussianTilt
    >>> tilt = GaussianTilt(1.0, 1)
    >>> float(tilt.g(np.zeros(1)))  # the largest value
    1.0
    >>> b, weight = np.polynomial.hermite_e.hermegauss(100)  # quadrature with the weight of P
    >>> bool(np.isclose(weight @ tilt.g(b[:, None]), 0.0))
    True
    """

    scale: float  #: standard deviation s of one component
    dim: int  #: dimension d

    @property
    def law(self) -> dist.Distribution:
        return dist.Normal(jnp.zeros(self.dim), self.scale).to_event(1)

    def g(self, b: jax.Array) -> jax.Array:
        kappa = (2.0 ** (2.0 / self.dim) - 1.0) / (2.0 * self.scale**2)
        return 2.0 * jnp.exp(-kappa * jnp.sum(b * b, axis=-1)) - 1.0

    def tilted(self, key: jax.Array, sign: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """P (1 + g) is N(0, 2^(-2/d) s^2); P (1 - g) is a mixture over w ~ U(1/2, 1) of chi_(d+2) radii s w^(1/d)."""
        key_normal, key_w = jax.random.split(key)
        d = self.dim
        v = jax.random.normal(key_normal, (*shape, d + 2))
        inner = 2.0 ** (-1.0 / d) * v[..., :d]
        # The direction of the first d of d + 2 normals is independent of the length of all of them.
        w = jax.random.uniform(key_w, shape, minval=0.5)
        length = w ** (1.0 / d) * jnp.linalg.norm(v, axis=-1) / jnp.linalg.norm(inner, axis=-1)
        return self.scale * jnp.where(sign[..., None] > 0, inner, length[..., None] * inner)


@dataclass(frozen=True)
class CauchyTilt:
    """P = (m/pi)/(b^2 + m^2) on the line and g = (b^2 - m^2)/(b^2 + m^2); b -> m^2/b keeps P and flips g.

    For `LatentSignTilt`, with the frequencies of (31).

    Examples
    --------
    >>> from nnqft_ppl.laws import CauchyTilt
    >>> tilt = CauchyTilt(2.0)
    >>> tilt.g(np.array([[0.0], [2.0]])).tolist()
    [-1.0, 0.0]
    >>> b = np.array([[0.3], [5.0]])
    >>> bool(np.allclose(tilt.g(2.0**2 / b), -tilt.g(b)))
    True
    """

    mass: float  #: mass m

    @property
    def law(self) -> dist.Distribution:
        return dist.Cauchy(jnp.zeros(1), self.mass).to_event(1)

    def g(self, b: jax.Array) -> jax.Array:
        square = jnp.sum(b * b, axis=-1)
        return (square - self.mass**2) / (square + self.mass**2)

    def tilted(self, key: jax.Array, sign: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """Draw b from P; keep it with probability (1 + sign g)/2, else take its image m^2/b."""
        key_draw, key_keep = jax.random.split(key)
        b: Any = self.law.sample(key_draw, shape)
        keep = 2.0 * jax.random.uniform(key_keep, shape) < 1.0 + sign * self.g(b)
        return jnp.where(keep[..., None], b, self.mass**2 / b)


@dataclass(frozen=True)
class BallTilt:
    """P uniform in the solid ball |b| < Lambda and g = +1 inside |b| < Lambda 2^(-1/d), else -1.

    For `LatentSignTilt`, with the frequencies of (29). The inner ball has half of the volume.

    Examples
    --------
    >>> from nnqft_ppl.laws import BallTilt, ball_volume
    >>> inner = 10.0 * 2 ** (-1 / 3)
    >>> bool(np.isclose(ball_volume(3, inner) / ball_volume(3, 10.0), 1 / 2))
    True
    >>> BallTilt(10.0, 3).g(np.array([[0.99 * inner, 0.0, 0.0], [1.01 * inner, 0.0, 0.0]])).tolist()
    [1.0, -1.0]
    """

    cutoff: float  #: momentum cutoff Lambda
    dim: int  #: dimension d

    @property
    def law(self) -> UniformBall:
        return UniformBall(self.cutoff, self.dim)

    def g(self, b: jax.Array) -> jax.Array:
        inside = jnp.sum(b * b, axis=-1) < (self.cutoff * 2.0 ** (-1.0 / self.dim)) ** 2
        return jnp.where(inside, 1.0, -1.0)

    def tilted(self, key: jax.Array, sign: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        """(|b|/Lambda)^d is uniform on the inner or the outer half of [0, 1]."""
        key_direction, key_radius = jax.random.split(key)
        u = 0.5 * (jax.random.uniform(key_radius, shape) + jnp.where(sign > 0, 0.0, 1.0))
        return self.law.radius_quantile(u)[..., None] * isotropic_direction(key_direction, shape, self.dim)


class LatentSignTilt(ChartedLaw):
    """The law (L) of N coupled rows, event shape (N, d): one hidden sign tilts every row by the same function g.

    One of the families of (11): P(b_1..b_N; eps) = 1/2 sum_sg prod_i P(b_i) [1 + sg sqrt(eps) g(b_i)]. Every row alone
    has the law P, and any two have P P (1 + eps g g), so that I_IB, (28), is linear in eps. Correlators follow from
    `latent_sign_moment`.

    Parameters
    ----------
    tilt
        P and g: a `GaussianTilt`, `CauchyTilt` or `BallTilt`, or an object with their `law`, `g` and `tilted`.
    epsilon
        Coupling eps, from 0 (independent rows) to 1.
    width
        Number N of rows.
    validate_args
        As in every NumPyro distribution: are arguments and values checked?

    Examples
    --------
    >>> from nnqft_ppl.laws import CauchyTilt, LatentSignTilt
    >>> tilt = CauchyTilt(1.0)
    >>> law = LatentSignTilt(tilt, 0.3, 2)
    >>> b = np.array([[0.2], [3.0]])
    >>> free = tilt.law.log_prob(b).sum()  # of independent rows
    >>> bool(np.isclose(law.log_prob(b), free + np.log(1 + 0.3 * tilt.g(b).prod())))
    True
    """

    pytree_aux_fields = ("tilt", "epsilon")

    def __init__(self, tilt: Tilt, epsilon: float, width: int, *, validate_args: bool | None = None) -> None:
        self.tilt, self.epsilon = tilt, epsilon
        super().__init__(event_shape=(width, *tilt.law.event_shape), validate_args=validate_args)

    @property
    def support(self):
        support: Any = self.tilt.law.support
        return constraints.independent(support, 1)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        key_sign, key_which, key_free, key_tilted = jax.random.split(key, 4)
        shape = (*sample_shape, self.event_shape[0])
        sign = jax.random.rademacher(key_sign, (*sample_shape, 1), dtype=float)
        tilted = jax.random.uniform(key_which, shape) < self.epsilon**0.5
        free = self.tilt.law.sample(key_free, shape)
        return jnp.where(tilted[..., None], self.tilt.tilted(key_tilted, sign, shape), free)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        tilt = self.epsilon**0.5 * self.tilt.g(value)
        either = jnp.logaddexp(jnp.log1p(tilt).sum(axis=-1), jnp.log1p(-tilt).sum(axis=-1)) - math.log(2.0)
        return either + jnp.sum(jnp.asarray(self.tilt.law.log_prob(value)), axis=-1)

    def chart(self, shape: Shape) -> Chart:
        row = leaf_chart(leaf(self.tilt.law), shape)
        root = self.epsilon**0.5

        def log_weight(z: jax.Array) -> jax.Array:
            tilt = root * self.tilt.g(row.value(z))
            return jnp.logaddexp(jnp.log1p(tilt).sum(), jnp.log1p(-tilt).sum()) - math.log(2.0)

        return Chart(row.shape, row.value, log_weight)


class EquicorrelatedNormal(ChartedLaw):
    """Rows N(0, s^2 I_d) with correlation eps between any two, -1/(N-1) < eps < 1; event shape (N, d).

    One of the families of (11), for eps >= 0 the law of b_i = sqrt(1 - eps) z_i + sqrt(eps) z_0.

    Parameters
    ----------
    scale
        Standard deviation s of one component.
    epsilon
        Correlation eps; a card checks its range.
    dim, width
        Dimension d and number N of rows.
    validate_args
        As in every NumPyro distribution: are arguments and values checked?

    Examples
    --------
    >>> from scipy.stats import multivariate_normal
    >>> from nnqft_ppl.laws import EquicorrelatedNormal
    >>> b = np.array([0.3, -1.0])
    >>> found = EquicorrelatedNormal(1.0, 0.5, 1, 2).log_prob(b[:, None])
    >>> bool(np.isclose(found, multivariate_normal.logpdf(b, cov=[[1.0, 0.5], [0.5, 1.0]])))
    True
    """

    support = constraints.independent(constraints.real, 2)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    pytree_aux_fields = ("scale", "epsilon")

    def __init__(
        self, scale: float, epsilon: float, dim: int, width: int, *, validate_args: bool | None = None
    ) -> None:
        self.scale, self.epsilon = scale, epsilon
        super().__init__(event_shape=(width, dim), validate_args=validate_args)

    @property
    def _mean_variance(self) -> float:
        """N times the variance of the mean row, in units of s^2."""
        return 1.0 + (self.event_shape[0] - 1) * self.epsilon

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        return self.from_normal(jax.random.normal(key, sample_shape + self.event_shape))

    def from_normal(self, z: jax.Array) -> jax.Array:
        """The law as a linear image of standard normals: the mean row and the deviations from it are independent."""
        mean = z.mean(axis=-2, keepdims=True)
        return self.scale * (jnp.sqrt(1.0 - self.epsilon) * (z - mean) + jnp.sqrt(self._mean_variance) * mean)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        width, dim = self.event_shape
        z = value / self.scale
        total, shared = jnp.sum(z * z, axis=(-2, -1)), jnp.sum(jnp.sum(z, axis=-2) ** 2, axis=-1)
        square = (total - self.epsilon / self._mean_variance * shared) / (1.0 - self.epsilon)
        log_det = dim * ((width - 1) * jnp.log1p(-self.epsilon) + jnp.log(self._mean_variance))
        return -0.5 * (square + log_det + width * dim * jnp.log(2.0 * math.pi * self.scale**2))

    def chart(self, shape: Shape) -> Chart:
        return Chart(shape, self.from_normal)


class GibbsNormal(ChartedLaw):
    """exp[-S/(2 s^2) - (coupling/N^2) S^2], S = sum_i b_i.b_i: unnormalised, no sampler; event shape (N, d).

    One of the families of (11), isotropic in R^(Nd). `sample` raises `InputError`, and a card with this law says
    ``ancestral = False``.

    Parameters
    ----------
    scale
        Standard deviation s of one component at coupling 0.
    coupling
        Strength of the coupling, not negative, in units of 1/b^4.
    dim, width
        Dimension d and number N of rows.
    validate_args
        As in every NumPyro distribution: are arguments and values checked?

    Examples
    --------
    >>> from nnqft_ppl.laws import GibbsNormal
    >>> b = np.ones((3, 2))  # S = 6
    >>> float(GibbsNormal(1.0, 0.5, 2, 3).log_prob(b))  # -6/2 - (0.5/9) 36
    -5.0
    """

    support = constraints.independent(constraints.real, 2)  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    pytree_aux_fields = ("scale", "coupling")

    def __init__(
        self, scale: float, coupling: float, dim: int, width: int, *, validate_args: bool | None = None
    ) -> None:
        self.scale, self.coupling = scale, coupling
        super().__init__(event_shape=(width, dim), validate_args=validate_args)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        raise InputError(
            "GibbsNormal has no exact sampler, so there are no ancestral draws; "
            "sample the program with NumPyro: MCMC(NUTS(net), ...)"
        )

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        total = jnp.sum(jnp.square(value), axis=(-2, -1))
        return -total / (2.0 * self.scale**2) - self.coupling * (total / self.event_shape[0]) ** 2

    def chart(self, shape: Shape) -> Chart:
        def log_weight(z: jax.Array) -> jax.Array:
            return -self.coupling * (self.scale**2 * jnp.sum(z * z) / self.event_shape[0]) ** 2

        return Chart(shape, lambda z: self.scale * z, log_weight)
