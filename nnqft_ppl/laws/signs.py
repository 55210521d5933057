"""Laws of one number with a random sign."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.scipy.special import log_ndtr
from numpyro.distributions import constraints

from nnqft_ppl.laws.charts import Chart, ChartedLaw, Shape


class _PlusMinus(constraints.ParameterFreeConstraint):
    is_discrete = True

    def __call__(self, x):
        return x != 0

    def feasible_like(self, prototype):
        return jnp.ones_like(prototype)


class RandomSign(dist.Distribution):
    """+modulus or -modulus with probability 1/2 each. A discrete law: gradient samplers cannot move it."""

    arg_constraints = {"modulus": constraints.positive}
    support = _PlusMinus()  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    has_enumerate_support = True

    def __init__(self, modulus: float | jax.Array, *, validate_args: bool | None = None) -> None:
        self.modulus = modulus
        super().__init__(batch_shape=jnp.shape(modulus), validate_args=validate_args)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        return self.modulus * jax.random.rademacher(key, sample_shape + self.batch_shape, dtype=float)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        on_support = jnp.isclose(jnp.abs(value), self.modulus)
        return jnp.where(on_support, -math.log(2.0), -jnp.inf)

    def enumerate_support(self, expand: bool = True) -> jax.Array:
        signs = jnp.array([-1.0, 1.0]).reshape((2,) + (1,) * len(self.batch_shape))
        return signs * self.modulus if expand else signs * jnp.max(jnp.asarray(self.modulus))


class SignedRayleigh(ChartedLaw):
    """Density |x|/sigma^2 exp(-x^2/sigma^2) on the line: a random sign times a Rayleigh variable, E x^2 = sigma^2."""

    arg_constraints = {"sigma": constraints.positive}
    support = constraints.real  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    def __init__(self, sigma: float | jax.Array, *, validate_args: bool | None = None) -> None:
        self.sigma = sigma
        super().__init__(batch_shape=jnp.shape(sigma), validate_args=validate_args)

    def sample(self, key: jax.Array | None, sample_shape: tuple[int, ...] = ()) -> jax.Array:
        assert key is not None
        shape = sample_shape + self.batch_shape
        key_sign, key_square = jax.random.split(key)
        square = jax.random.exponential(key_square, shape)
        return self.sigma * jax.random.rademacher(key_sign, shape, dtype=float) * jnp.sqrt(square)

    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        ratio = value / self.sigma
        return jnp.log(jnp.abs(ratio)) - jnp.log(self.sigma) - ratio**2

    def chart(self, shape: Shape) -> Chart:
        """sign(z) times the root of an exponential variable."""

        def value(z: jax.Array) -> jax.Array:
            square = -(math.log(2.0) + log_ndtr(-jnp.abs(z)))
            return self.sigma * jnp.sign(z) * jnp.sqrt(jnp.maximum(square, jnp.finfo(z.dtype).tiny))

        return Chart(shape, value)
