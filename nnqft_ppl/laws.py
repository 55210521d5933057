"""Joint laws of the N neurons' parameters: NumPyro distributions that the catalogue needs and NumPyro lacks.

Every law has a `log_prob` and an exact `sample`, so that ancestral draws and NUTS see the same theory. Laws are joint:
`iid` makes N independent copies of a single-neuron law into one event, which is where a coupling would enter instead.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions import constraints


def iid(law: dist.Distribution, width: int) -> dist.Distribution:
    """N independent copies of a law as one joint law, event shape (N, ...)."""
    return law.expand((width, *law.batch_shape)).to_event(1 + len(law.batch_shape))


def uniform_phases(width: int) -> dist.Distribution:
    """c_i uniform on [-pi, pi], independent: the law that makes a cosine field translation invariant, (18), (20)."""
    return iid(dist.Uniform(-jnp.pi, jnp.pi), width)


def isotropic_normal(scale: float, dim: int, width: int) -> dist.Distribution:
    """Rows b_i ~ N(0, scale^2 I_d), independent; event shape (N, d)."""
    return iid(dist.Normal(jnp.zeros(dim), scale), width)


def isotropic_direction(key: jax.Array, shape: tuple[int, ...], dim: int) -> jax.Array:
    """Independent unit vectors, uniform on S^(d-1), shape (*shape, d)."""
    z = jax.random.normal(key, (*shape, dim))
    return z / jnp.linalg.norm(z, axis=-1, keepdims=True)


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


class SignedRayleigh(dist.Distribution):
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
