"""The solid ball and the shell as supports of laws, with their transforms from R^d; and laws on them in closed form."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf
from numpyro.distributions import constraints
from numpyro.distributions.transforms import Transform, biject_to
from numpyro.distributions.util import array_equiv

from nnqft_ppl.laws.charts import Chart, ChartedLaw, Shape
from nnqft_ppl.laws.fourier import ball_volume, sphere_area
from nnqft_ppl.laws.joint import isotropic_direction
from nnqft_ppl.runtime.namespace import xp

SERIES = 18  # terms: what is left is below the rounding of a float64


class Ball(constraints.Constraint):
    """The solid ball |b| < radius in R^d."""

    event_dim = 1

    def __init__(self, radius: float) -> None:
        self.radius = radius

    def __call__(self, x):
        return jnp.sum(jnp.square(x), axis=-1) < self.radius**2

    def feasible_like(self, prototype):
        return jnp.zeros_like(prototype)

    def tree_flatten(self):
        return (self.radius,), (("radius",), {})

    def eq(self, other, static: bool = False):
        return isinstance(other, Ball) and array_equiv(self.radius, other.radius, static=static)


class BallTransform(Transform):
    """R^d -> |b| < radius: b = radius y / sqrt(1 + |y|^2), with Jacobian radius^d (1 + |y|^2)^(-d/2 - 1)."""

    domain = constraints.real_vector  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __init__(self, radius: float) -> None:
        self.radius = radius

    @property
    def codomain(self) -> Ball:
        return Ball(self.radius)

    def __call__(self, x):
        return self.radius * x / jnp.sqrt(1.0 + jnp.sum(x * x, axis=-1, keepdims=True))

    def _inverse(self, y):
        unit = y / self.radius
        return unit / jnp.sqrt(1.0 - jnp.sum(unit * unit, axis=-1, keepdims=True))

    def log_abs_det_jacobian(self, x, y, intermediates=None):
        d = x.shape[-1]
        return d * jnp.log(self.radius) - (0.5 * d + 1.0) * jnp.log1p(jnp.sum(x * x, axis=-1))

    def tree_flatten(self):
        return (self.radius,), (("radius",), {})

    def eq(self, other, static: bool = False):
        return isinstance(other, BallTransform) and array_equiv(self.radius, other.radius, static=static)


def _same_ends(one: Any, other: Any, static: bool) -> Any:
    same = [array_equiv(getattr(one, end), getattr(other, end), static=static) for end in ("start", "stop")]
    return same[0] & same[1]


@biject_to.register(Ball)
def _ball_transform(constraint: Ball) -> Transform:
    return BallTransform(constraint.radius)


class Shell(constraints.Constraint):
    """The shell start < |b| < stop in R^d: a ring in the plane, two intervals on the line."""

    event_dim = 1

    def __init__(self, start: float, stop: float) -> None:
        self.start, self.stop = start, stop

    def __call__(self, x):
        square = jnp.sum(jnp.square(x), axis=-1)
        return (square > self.start**2) & (square < self.stop**2)

    def feasible_like(self, prototype):
        return jnp.zeros_like(prototype).at[..., 0].set(0.5 * (self.start + self.stop))

    def tree_flatten(self):
        return (self.start, self.stop), (("start", "stop"), {})

    def eq(self, other, static: bool = False):
        return isinstance(other, Shell) and _same_ends(self, other, static)


class ShellTransform(Transform):
    """R^d without its origin -> the shell: to the unit ball as `BallTransform`, and by equal volumes from there.

    |b|^d = start^d + (stop^d - start^d) s^d with s = |y|/sqrt(1 + |y|^2); the Jacobian is that of a ball of as much
    volume, so that a density stays finite where the hole opens.
    """

    domain = constraints.real_vector  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __init__(self, start: float, stop: float) -> None:
        self.start, self.stop = start, stop

    @property
    def codomain(self) -> Shell:
        return Shell(self.start, self.stop)

    def __call__(self, x):
        d, length = x.shape[-1], _length(x)
        inside = (length / jnp.sqrt(1.0 + length**2)) ** d
        return (self.start**d + (self.stop**d - self.start**d) * inside) ** (1.0 / d) / length * x

    def _inverse(self, y):
        d, length = y.shape[-1], _length(y)
        s = ((length**d - self.start**d) / (self.stop**d - self.start**d)) ** (1.0 / d)
        return s / jnp.sqrt(1.0 - s**2) / length * y

    def log_abs_det_jacobian(self, x, y, intermediates=None):
        d = x.shape[-1]
        volume = jnp.log(self.stop**d - self.start**d)
        return volume - (0.5 * d + 1.0) * jnp.log1p(jnp.sum(x * x, axis=-1))

    def tree_flatten(self):
        return (self.start, self.stop), (("start", "stop"), {})

    def eq(self, other, static: bool = False):
        return isinstance(other, ShellTransform) and _same_ends(self, other, static)


@biject_to.register(Shell)
def _shell_transform(constraint: Shell) -> Transform:
    return ShellTransform(constraint.start, constraint.stop)


class Radial(ChartedLaw):
    """A row b in R^d of an isotropic direction, whose radius is a function of a uniform number."""

    reparametrized_params: list[str] = []

    @property
    def reach(self) -> float:
        """The radius beyond which the density is zero, or leaves nothing that a float64 could see."""
        raise NotImplementedError

    def radius_quantile(self, u: Any) -> Any:
        """The radius |b| that is exceeded with probability 1 - u, of JAX or of NumPy as `u` is."""
        raise NotImplementedError

    def log_normalisation(self) -> Any:
        """log Z of the density weight/Z."""
        raise NotImplementedError

    def at_origin(self) -> Any:
        """Z/(2 pi)^d, the transform int d^db/(2 pi)^d exp(ib.x) of the weight at x = 0."""
        return xp.exp(self.log_normalisation()) / (2 * np.pi) ** self.event_shape[0]

    def _log_normalisation_as(self, value: Any) -> jax.Array:
        """log Z in the precision of a value."""
        return jnp.asarray(self.log_normalisation(), jnp.result_type(value))

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        key_radius, key_direction = jax.random.split(key)
        radius = self.radius_quantile(jax.random.uniform(key_radius, sample_shape))
        return radius[..., None] * isotropic_direction(key_direction, sample_shape, self.event_shape[0])

    def chart(self, shape: Shape) -> Chart:
        """Rows z -> radius z/|z|, at a radius that keeps the probability inside."""

        def value(z: jax.Array) -> jax.Array:
            length = _length(z)
            return self.radius_quantile(normal_inside(length, shape[-1])) / length * z

        return Chart(shape, value)


class UniformBall(Radial):
    """P(b) = 1/Z, uniform in the solid ball |b| < end in R^d."""

    pytree_data_fields = ("end",)

    def __init__(self, end: float, dim: int, *, validate_args: bool | None = None) -> None:
        self.end = end
        super().__init__(batch_shape=(), event_shape=(dim,), validate_args=validate_args)

    @property
    def support(self) -> Ball:  # pyright: ignore[reportIncompatibleMethodOverride]
        return Ball(self.end)

    @property
    def reach(self) -> float:
        return self.end

    def weight(self, r: Any) -> Any:
        return np.ones_like(r)

    def radius_quantile(self, u: Any) -> Any:
        return self.end * u ** (1.0 / self.event_shape[0])

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        return jnp.where(self.support(value), -self._log_normalisation_as(value), -jnp.inf)

    def log_normalisation(self) -> Any:
        return xp.log(ball_volume(self.event_shape[0], self.end))


class InverseSquare(Radial):
    """P(b) = 1/(Z b^2), isotropic, on the shell start < |b| < stop in R^d; in the plane |b| is log-uniform."""

    pytree_data_fields = ("start", "stop")

    def __init__(self, start: float, stop: float, dim: int, *, validate_args: bool | None = None) -> None:
        self.start, self.stop = start, stop
        super().__init__(batch_shape=(), event_shape=(dim,), validate_args=validate_args)

    @property
    def support(self) -> Shell:  # pyright: ignore[reportIncompatibleMethodOverride]
        return Shell(self.start, self.stop)

    @property
    def reach(self) -> float:
        return self.stop

    def radius_quantile(self, u: Any) -> Any:
        power = self.event_shape[0] - 2  # the density of |b| is |b|^(d - 3)
        if power == 0:
            return self.start * (self.stop / self.start) ** u
        return (self.start**power + (self.stop**power - self.start**power) * u) ** (1.0 / power)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        log_density = -jnp.log(jnp.sum(jnp.square(value), axis=-1)) - self._log_normalisation_as(value)
        return jnp.where(self.support(value), log_density, -jnp.inf)

    def log_normalisation(self) -> Any:
        dim = self.event_shape[0]
        power = dim - 2
        ends = self.stop**power - self.start**power
        return xp.log(sphere_area(dim) * (ends / power if power else xp.log(self.stop / self.start)))


def _length(x: jax.Array) -> jax.Array:
    """|x| of rows, shape (..., 1), with a gradient of zero at the origin."""
    return jnp.sqrt(jnp.sum(x * x, axis=-1, keepdims=True) + jnp.finfo(x.dtype).tiny)


def normal_inside(length: jax.Array, dim: int) -> jax.Array:
    """The probability that |z| < length for z ~ N(0, I_d): P(d/2, x) at x = length^2/2, faster than JAX's gammainc.

    Below x = 1 by its series, above by P(a + 1, x) = P(a, x) - x^a exp(-x)/Gamma(a + 1) from erf or 1 - exp(-x).
    """
    x = 0.5 * length**2
    term = total = 1.0 / math.gamma(0.5 * dim + 1.0)
    near = jnp.minimum(x, 1.0)
    for k in range(1, SERIES):
        term = term * near / (0.5 * dim + k)
        total = total + term
    inner = near ** (0.5 * dim) * jnp.exp(-near) * total
    far = jnp.maximum(x, 1.0)
    outer = erf(jnp.sqrt(far)) if dim % 2 else -jnp.expm1(-far)
    for k in range((dim - 1) // 2):
        a = 0.5 * (1 if dim % 2 else 2) + k
        outer = outer - far**a * jnp.exp(-far) / math.gamma(a + 1.0)
    return jnp.where(x < 1.0, inner, outer)
