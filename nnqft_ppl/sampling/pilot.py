"""A pilot: what a few networks of the prior say, before any run, of all that multiplies it.

L is the log of what data, sources and actions multiply the prior by. How much it varies decides which sampler suits a
theory, and whether weights exp(L) of independent networks can do without Markov chains.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.runtime.grids import Places
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned

NETWORKS = 1024
TOGETHER = 64  # networks in memory at a time


class Pilot(NamedTuple):
    """What prior networks say of the log weight L."""

    offset: float  #: the largest, which is subtracted from all, so that no weight overflows
    variance: float  #: of L, by its quartiles, as it has long tails; infinite where a quartile is
    share: float  #: of the draws that are effective, (mean w)^2/mean w^2


def pilot(model: Conditioned, seed: int = 0) -> Pilot:
    """The log weights of NETWORKS prior networks; of a collapsed theory, those of its neurons.

    Raises
    ------
    InputError
        where the prior cannot be drawn.
    """
    model.net.check_ancestral()
    logs = np.asarray(_networks(model, jax.random.fold_in(key_of(seed), 1))[0], dtype=float)
    offset = float(logs.max(initial=-np.inf, where=np.isfinite(logs)))
    with np.errstate(invalid="ignore"):  # infinite log weights
        low, high = np.quantile(logs, [0.25, 0.75])
        variance = float((high - low) / 1.349) ** 2
        weights = np.nan_to_num(np.exp(logs - offset))
    share = float(weights.sum() ** 2 / (weights**2).sum() / NETWORKS) if weights.any() else 0.0
    return Pilot(offset, variance if np.isfinite(variance) else np.inf, share)


def with_likely_values(model: Conditioned) -> Conditioned:
    """The theory with unknown hyperparameters and noise at their values in the most probable of NETWORKS networks."""
    if not model.hyperlaws:
        return model
    logs, hyper = _networks(model, key_of(0))
    best = int(jnp.argmax(jnp.where(jnp.isfinite(logs), logs, -jnp.inf)))
    chosen: Any = {name: float(values[best]) for name, values in hyper.items()}
    net, noise = model.with_values(chosen)
    data = None if model.observation is None else model.observation._replace(noise=noise)
    return dataclasses.replace(model, net=net, unknown=(), observation=data)


class PriorNetwork(NamedTuple):
    """A network of the prior, hyperparameters and noise included where they have a law."""

    hyper: Parameters
    net: Architecture  #: with these hyperparameters
    noise: Any
    theta: Parameters


def prior_network(model: Conditioned, key_hyper: jax.Array, key_theta: jax.Array, points: Places) -> PriorNetwork:
    """One draw, to be mapped over keys; its paths at the points."""
    laws = enumerate(model.hyperlaws.items())
    hyper: Any = {name: law.sample(jax.random.fold_in(key_hyper, k)) for k, (name, law) in laws}
    net, noise = model.with_values(hyper)
    return PriorNetwork(hyper, net, noise, {site: value[0] for site, value in net.sample(key_theta, 1, points).items()})


@jax.jit
def _networks(model: Conditioned, key: jax.Array) -> tuple[jax.Array, Parameters]:
    """L and the hyperparameters of NETWORKS networks."""

    def one(key: jax.Array) -> tuple[jax.Array, Parameters]:
        key_hyper, key_theta = jax.random.split(key)
        hyper, net, noise, theta = prior_network(model, key_hyper, key_theta, model.places)
        if model.collapsed:
            return model.log_factors(net, theta, noise), hyper
        return model.log_factors_of(net.field(theta, model.places), noise), hyper

    return jax.lax.map(one, jax.random.split(key, NETWORKS), batch_size=TOGETHER)
