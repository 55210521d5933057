"""A conditioned theory in one flat vector z of standard normal variables, which is what the Markov chains move."""

import math
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nnqft_ppl.laws.charts import Chart, angle, chart
from nnqft_ppl.laws.joint import leaf
from nnqft_ppl.laws.signs import RandomSign, SignedRayleigh
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned


class Point(NamedTuple):
    """What a vector z stands for."""

    hyper: Parameters
    net: Architecture  #: with these hyperparameters
    noise: Any
    theta: Parameters
    log_weight: jax.Array  #: of the prior against N(z; 0, I)


class Whitened:
    """The density of a conditioned theory over z in R^size: N(z; 0, I) exp(log_likelihood(z)), up to a constant."""

    def __init__(self, model: Conditioned) -> None:
        self.model = model

    @cached_property
    def size(self) -> int:
        """The number of variables."""
        return sum(self._sizes())

    def point(self, z: jax.Array) -> Point:
        """The parameters that z stands for."""
        taken = 0

        def take(one: Chart) -> jax.Array:
            nonlocal taken
            part = z[taken : taken + math.prod(one.shape)].reshape(one.shape)
            taken += part.size
            return part

        log_weight = jnp.zeros((), z.dtype)
        hyper: Parameters = {}
        for name, law in self.model.hyperlaws.items():
            one = chart(law)
            part = take(one)
            hyper[name], log_weight = one.value(part), log_weight + one.log_weight(part)
        net, noise = self.model.with_values(hyper)
        theta: Parameters = {}
        folded = folded_amplitudes(self.model, net)
        for site, law in self.model.laws(net).items():
            if site == "a" and folded is not None:
                continue
            one = chart(law)
            part = take(one)
            theta[site] = one.value(part)
            if site == net.phase and folded is not None:
                theta["a"] = folded_value(folded, part)
            if not (site == net.phase and isinstance(folded, SignedRayleigh)):  # whose pair's length is the amplitude
                log_weight = log_weight + one.log_weight(part)
        return Point(hyper, net, noise, theta, log_weight)

    def log_likelihood(self, z: jax.Array) -> jax.Array:
        """Everything that multiplies N(z; 0, I): data, sources, actions, and the laws that are no images of normals."""
        at = self.point(z)
        return at.log_weight + self.model.log_factors(at.net, at.theta, at.noise)

    def potential(self, z: jax.Array) -> jax.Array:
        """-log of the density of z, up to a constant."""
        return 0.5 * jnp.sum(z * z) - self.log_likelihood(z)

    def _sizes(self) -> list[int]:
        hyperlaws = self.model.hyperlaws
        middle = {name: jnp.asarray(chart(law).value(jnp.zeros(chart(law).shape))) for name, law in hyperlaws.items()}
        net, _ = self.model.with_values(middle)
        sizes = [math.prod(chart(law).shape) for law in hyperlaws.values()]
        for site, law in self.model.laws(net).items():
            if site != "a" or folded_amplitudes(self.model, net) is None:
                sizes.append(math.prod(chart(law).shape))
        return sizes


def folded_amplitudes(model: Conditioned, net: Architecture) -> RandomSign | SignedRayleigh | None:
    """The law of amplitudes whose sign a phase can carry, as (a, c) and (-a, c + pi) are one plane wave; else None.

    A constant modulus has no other unknown than its sign, and a Rayleigh amplitude with a uniform phase is a Gaussian
    pair: the pair that the phase is the angle of has the amplitude for its length.
    """
    if model.collapsed or net.phase is None:
        return None
    law = leaf(net.amplitudes())
    return law if isinstance(law, RandomSign | SignedRayleigh) else None


def folded_value(law: RandomSign | SignedRayleigh, pair: jax.Array) -> jax.Array:
    """|a|, shape (N,), for the pairs (2, N) of the phases."""
    if isinstance(law, RandomSign):
        return jnp.broadcast_to(jnp.asarray(law.modulus), angle(pair).shape)
    return law.sigma * jnp.sqrt(0.5 * jnp.sum(pair * pair, axis=0))
