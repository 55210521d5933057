"""Joint laws of the N neurons' parameters: NumPyro distributions that the catalogue needs and NumPyro lacks.

Every law has a `log_prob` and an exact `sample`, so that ancestral draws and NUTS see the same theory. Laws are joint:
`iid` makes N independent copies of a single-neuron law into one event, which is where a coupling would enter instead.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist


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


def leaf(law: Any) -> Any:
    """The law of one number or row, without the wrappers that make many of it."""
    return leaf(law.base_dist) if isinstance(law, dist.Independent | dist.ExpandedDistribution) else law
