"""Coordinates for Markov chains: the parameters of a theory as smooth functions of standard normal variables z.

In them the prior is N(0, I) whatever the card's laws are, so that one step size and the unit mass matrix suit every
direction that the data leave alone. A phase is the angle of a Gaussian pair, since a wall at +-pi would stop the chain
that it should carry round; a heavy-tailed law becomes a stretched normal one. Where a law is no exact image of normal
variables, its `log_weight` puts the difference right.
"""

import math
from collections.abc import Callable
from functools import singledispatch
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax.core import Tracer
from jax.scipy.special import erf, erfc, log_ndtr, ndtr
from numpyro.distributions import biject_to, constraints

from nnqft_ppl.laws.joint import leaf
from nnqft_ppl.runtime.errors import InputError

Shape = tuple[int, ...]


class Chart(NamedTuple):
    """A law as the image of standard normal variables z: exact where `log_weight` is zero."""

    shape: Shape  #: of z
    value: Callable[[jax.Array], jax.Array]
    log_weight: Callable[[jax.Array], jax.Array | float] = lambda _: 0.0
    #: log of (density of the law at value(z), times the Jacobian, over the density of z), up to a constant


class ChartedLaw(dist.Distribution):
    """A law of ours, which knows its chart."""

    has_tails: ClassVar[bool] = False  #: see `has_tails`

    def chart(self, shape: Shape) -> Chart:
        """The chart of draws of this law that together have a shape, which ends with that of one draw."""
        raise NotImplementedError


def chart(law: dist.Distribution) -> Chart:
    """The chart of a law, by its kind; a law without one of its own gets NumPyro's transform of its support.

    Raises
    ------
    InputError
        for a discrete law, which no gradient can move.
    """
    one = leaf(law)
    if one.is_discrete:
        raise InputError(f"law {type(one).__name__} is discrete, which no Markov chain of ours can move")
    return leaf_chart(one, law.shape())


def leaf_chart(leaf: dist.Distribution, shape: Shape) -> Chart:
    """The chart of many numbers or rows of one law, which together have a shape."""
    return leaf.chart(shape) if isinstance(leaf, ChartedLaw) else _chart(leaf, shape)


def has_tails(law: dist.Distribution) -> bool:
    """Has a law no variance, or tails that were folded? Then a gradient does not help to move it, or hardly."""
    one = leaf(law)
    return one.has_tails if isinstance(one, ChartedLaw) else isinstance(one, dist.Cauchy | dist.MultivariateStudentT)


def log_normal_density(z: jax.Array) -> jax.Array:
    """log N(z; 0, I), summed."""
    return -0.5 * jnp.sum(z * z) - 0.5 * z.size * math.log(2.0 * math.pi)


@singledispatch
def _chart(leaf: Any, shape: Shape) -> Chart:
    """z through the transform of the support, moved and scaled like the law where that is the real line."""
    transform: Any = biject_to(leaf.support)
    loc, scale = 0.0, 1.0
    if leaf.support is constraints.real:
        variance = jnp.asarray(leaf.variance)
        loc, scale = getattr(leaf, "loc", leaf.mean), jnp.sqrt(jnp.where(jnp.isfinite(variance), variance, 1.0))

    def moved(z: jax.Array) -> jax.Array:
        return jnp.broadcast_to(loc, z.shape) + jnp.broadcast_to(scale, z.shape) * z

    def value(z: jax.Array) -> jax.Array:
        return transform(moved(z))

    def log_weight(z: jax.Array) -> jax.Array:
        y = moved(z)
        v = transform(y)
        jacobian = jnp.sum(transform.log_abs_det_jacobian(y, v)) + jnp.sum(jnp.broadcast_to(jnp.log(scale), z.shape))
        return jnp.sum(leaf.log_prob(v)) + jacobian - log_normal_density(z)

    return Chart(transform.inverse_shape(shape), value, log_weight)


@_chart.register(dist.Normal)
def _(leaf: Any, shape: Shape) -> Chart:
    return Chart(shape, lambda z: _moved(leaf, z))


@_chart.register(dist.LogNormal)
def _(leaf: Any, shape: Shape) -> Chart:
    return Chart(shape, lambda z: jnp.exp(_moved(leaf, z)))


@_chart.register(dist.Cauchy)
def _(leaf: Any, shape: Shape) -> Chart:
    """tan(pi/2 erf(z/sqrt 2)), by the reciprocal 1/tan(pi/2 erfc) beyond |z| = 1 so that tails keep their digits."""

    def value(z: jax.Array) -> jax.Array:
        size = jnp.abs(z) / math.sqrt(2.0)
        inner = jnp.tan(0.5 * math.pi * erf(jnp.minimum(size, 0.8)))
        outer = 1.0 / jnp.tan(0.5 * math.pi * erfc(jnp.maximum(size, 0.8)))
        return _moved(leaf, jnp.sign(z) * jnp.where(size < 0.8, inner, outer))

    return Chart(shape, value)


@_chart.register(dist.Laplace)
def _(leaf: Any, shape: Shape) -> Chart:
    """sign(z) times an exponential variable, -log of the two-sided tail of z."""
    return Chart(shape, lambda z: _moved(leaf, -jnp.sign(z) * (math.log(2.0) + log_ndtr(-jnp.abs(z)))))


@_chart.register(dist.Uniform)
def _(leaf: Any, shape: Shape) -> Chart:
    low, high = leaf.low, leaf.high
    if _equals(low, -math.pi) and _equals(high, math.pi):
        return Chart((2, *shape), angle, away_from_the_origin)
    return Chart(shape, lambda z: jnp.broadcast_to(low, z.shape) + jnp.broadcast_to(high - low, z.shape) * ndtr(z))


def _equals(bound: Any, value: float) -> bool:
    """Is a bound this number? One that JAX traces is a hyperparameter, and that of a phase is none."""
    return not isinstance(bound, Tracer) and np.allclose(bound, value, rtol=1e-6)


@_chart.register(dist.VonMises)
def _(leaf: Any, shape: Shape) -> Chart:
    def log_weight(z: jax.Array) -> jax.Array:
        return jnp.sum(jnp.asarray(leaf.log_prob(angle(z)))) + away_from_the_origin(z)

    return Chart((2, *shape), angle, log_weight)


def _moved(leaf: Any, z: jax.Array) -> jax.Array:
    """loc + scale z of a law with these parameters."""
    return jnp.broadcast_to(leaf.loc, z.shape) + jnp.broadcast_to(leaf.scale, z.shape) * z


def angle(pair: jax.Array) -> jax.Array:
    """The angle of Gaussian pairs (2, ...), uniform on [-pi, pi]."""
    return jnp.arctan2(pair[1], pair[0])


def away_from_the_origin(pair: jax.Array) -> jax.Array:
    """A weight (1/4 + |z|^2)^2 of every pair: it leaves the angle as it is and keeps away from where the angle jumps.

    Without it a chain that passes close by is kicked by a slope 1/|z|, and diverges about once in 5000 steps; a weight
    that vanished at the origin would kick by itself.
    """
    return 2.0 * jnp.sum(jnp.log(0.25 + jnp.sum(pair * pair, axis=0)))


@_chart.register(dist.MultivariateStudentT)
def _(leaf: Any, shape: Shape) -> Chart:
    """Rows of radius sqrt(nu (exp(|z|^2/nu) - 1)), nu degrees of freedom: exact in the plane, and in all tails."""
    dim = leaf.event_shape[0]

    def value(z: jax.Array) -> jax.Array:
        q = jnp.sum(z * z, axis=-1, keepdims=True) / leaf.df
        return jnp.broadcast_to(leaf.loc, z.shape) + jnp.exp(0.5 * _log_growth(q)) * z @ leaf.scale_tril.T

    def log_weight(z: jax.Array) -> jax.Array:
        q = jnp.sum(z * z, axis=-1) / leaf.df
        return 0.5 * (dim - 2) * jnp.sum(_log_growth(q) - q)

    return Chart(shape, value, log_weight)


def _log_growth(q: jax.Array) -> jax.Array:
    """log((exp(q) - 1)/q) for q >= 0, with a derivative at q = 0."""
    small = q < 1e-2
    large = jnp.where(small, 1.0, q)
    series = q / 2 + q**2 / 24 - q**4 / 2880
    return jnp.where(small, series, q + jnp.log(-jnp.expm1(-large) / large))
