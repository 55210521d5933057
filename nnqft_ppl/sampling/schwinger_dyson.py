"""Schwinger-Dyson equations as a test of any chain: E[v.grad O + O (div v + v.grad log P)] = 0 for every O and v.

They hold for draws of P and fail for draws of anything else, with no closed form needed. The vector field is
v = theta/(1 + theta^2), number by number, on the sites that live on the real line: bounded, so that frequencies without
a variance have residuals with one.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import constraints

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned, Model, conditioned

Observable = Callable[[Parameters], jax.Array]


class Residual(NamedTuple):
    """The mean of a Schwinger-Dyson residual over chains, its Monte Carlo error, and their ratio."""

    mean: float
    mcse: float

    @property
    def z(self) -> float:
        """Standard errors from zero."""
        return self.mean / self.mcse


def real_sites(model: Conditioned, net: Architecture) -> dict[str, dist.Distribution]:
    """The laws of the sites that live on the real line."""
    found = {}
    for site, law in model.laws(net).items():
        support: Any = law.support
        while isinstance(support, constraints.independent):
            support = support.base_constraint
        if support is constraints.real:
            found[site] = law
    return found


def residual_at(
    model: Conditioned, net: Architecture, theta: Parameters, noise: Any, observable: Observable | None = None
) -> jax.Array:
    """v.grad O + O (div v + v.grad log P) at one draw; O = 1 if it is not given."""
    moved = real_sites(model, net)
    fixed = {site: value for site, value in theta.items() if site not in moved}
    at = {site: theta[site] for site in moved}

    def log_density(at: Parameters) -> jax.Array:
        prior = sum((jnp.sum(jnp.asarray(law.log_prob(at[site]))) for site, law in moved.items()), jnp.zeros(()))
        return prior + model.log_factors(net, fixed | at, noise)

    v = jax.tree.map(lambda t: t / (1 + t**2), at)
    divergence = sum((jnp.sum((1 - t**2) / (1 + t**2) ** 2) for t in at.values()), jnp.zeros(()))

    def along(slopes: Parameters) -> jax.Array:
        return sum((jnp.sum(v[site] * slopes[site]) for site in v), jnp.zeros(()))

    pull = divergence + along(jax.grad(log_density)(at))
    if observable is None:
        return pull
    value, slopes = jax.value_and_grad(lambda at: observable(fixed | at))(at)
    return along(slopes) + value * pull


def schwinger_dyson(
    model: Model, theta: dict[str, Array], noise: Any = None, observable: Observable | None = None
) -> Residual:
    """The residual of draws theta (chain, draw, ...) of every site; O(theta) = 1 by default.

    A collapsed theory has no site ``a``. The noise is the observation's own unless it is given.

    Raises
    ------
    InputError
        for a theory without a site on the real line.
    """
    from arviz_stats.base import array_stats  # pyright: ignore

    model = conditioned(model)
    if not real_sites(model, model.net):
        raise InputError(f"{type(model.net).__name__} has no site on the real line for a Schwinger-Dyson equation")
    if noise is None and model.observation is not None:
        noise = model.observation.noise
    sites = {site: jnp.asarray(theta[site]) for site in model.laws(model.net)}
    flat = {site: value.reshape(-1, *value.shape[2:]) for site, value in sites.items()}
    shape = next(iter(sites.values())).shape[:2]
    values = np.asarray(_residuals(model, flat, noise, observable)).reshape(shape)
    mcse: Any = array_stats.mcse(values, chain_axis=0, draw_axis=1, method="mean")
    return Residual(float(values.mean()), float(mcse))


@partial(jax.jit, static_argnames=("observable",))
def _residuals(model: Conditioned, theta: Parameters, noise: Any, observable: Observable | None) -> jax.Array:
    """The residual of every draw."""
    return jax.lax.map(lambda at: residual_at(model, model.net, at, noise, observable), theta)
