"""Simulation-based calibration: posteriors given data of theories drawn from the prior must cover those theories.

For every replicate a field is drawn from the prior, data from the field, and a chain from the posterior given the data;
the rank of the true value among the chain's draws is uniform if and only if the sampler, the likelihood and the prior
belong together (Talts, Betancourt, Simpson, Vehtari and Gelman 2018). Ranks are taken in function space.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.sampling.plan import SamplerName, plan, sampler_of
from nnqft_ppl.theory.architecture import Parameters
from nnqft_ppl.theory.conditioned import Conditioned, field_at, noise_like
from nnqft_ppl.theory.generic import as_points

RESAMPLED = 256  # ancestral draws, of which one is chosen where a theory has an action or a source


class Calibration(NamedTuple):
    """Ranks (replicate, statistic) of the truth among `draws` posterior draws, and how uniform they are."""

    ranks: Array
    draws: int
    statistics: tuple[str, ...]

    @property
    def p_values(self) -> Array:
        """Kolmogorov-Smirnov p-values of the ranks of every statistic against the uniform law."""
        rng = np.random.default_rng(0)  # spreads a rank evenly over its step
        u = (self.ranks + rng.uniform(size=self.ranks.shape)) / (self.draws + 1)
        return np.array([stats.kstest(column, "uniform").pvalue for column in u.T])

    @property
    def p_value(self) -> float:
        """The smallest p-value, corrected for their number (Bonferroni)."""
        return float(min(1.0, self.p_values.min() * len(self.p_values)))

    def band(self, level: float = 0.99) -> float:
        """The half-width of the ECDF band that holds the whole curve with this probability (Kolmogorov)."""
        return float(stats.kstwo.ppf(level, len(self.ranks)))


def calibrate(
    model: Conditioned,
    at: ArrayLike,
    *,
    truth: Conditioned | None = None,
    draw_prior: Callable[[jax.Array], Parameters] | None = None,
    replicates: int = 200,
    draws: int = 63,
    thin: int = 4,
    warmup: int = 200,
    seed: int = 0,
    sampler: SamplerName | None = None,
) -> Calibration:
    """Calibrate the sampler of a theory with an observation, whose values are only a template for simulated ones.

    Parameters
    ----------
    at
        Points (Q, d) at which the field is ranked; phi, then phi^2 averaged over them, then the action.
    truth
        The theory that data are drawn from, if it is not the one that is fitted.
    draw_prior
        Exact draws of the parameters, for a theory that has no sampler of its own.

    Raises
    ------
    InputError
        for a theory without data, or without prior draws.
    """
    truth = truth or model
    if model.observation is None or truth.observation is None:
        raise InputError("calibrate: the theory must have an observation, whose values are simulated")
    if draw_prior is None:
        truth.net.check_ancestral()
    moves, x = sampler_of(plan(model, sampler), warmup), as_points(model.net, at)
    # The steps of the warm-up belong to the first draw, as another loop would be compiled for as long again.
    steps = np.full(draws, thin)
    steps[0] += warmup
    keys = jax.random.split(key_of(seed), replicates)
    ranks = np.asarray(_ranks(moves, truth, x, steps, keys, draw_prior))
    return Calibration(ranks, draws, (*(f"phi({k})" for k in range(len(x))), "mean phi^2", "action"))


@partial(jax.jit, static_argnames="draw_prior")
def _ranks(
    sampler: Any,
    truth: Conditioned,
    x: jax.Array,
    steps: jax.Array,
    keys: jax.Array,
    draw_prior: Callable[[jax.Array], Parameters] | None,
) -> jax.Array:
    """The ranks of all replicates, (replicate, statistic), by one program for all values of both theories."""
    observed: Any = truth.observation

    def one(key: jax.Array) -> jax.Array:
        keys = jax.random.split(key, 4)
        hyper, theta = _prior_draw(truth, draw_prior, keys[0])
        net, noise = truth.with_values(hyper)
        values = field_at(net, theta, observed.points)
        values += jnp.asarray(noise_like(noise, values)) * jax.random.normal(keys[1], values.shape)
        observation: Any = sampler.model.observation
        fitted = dataclasses.replace(sampler.model, observation=observation._replace(values=values))
        moves = dataclasses.replace(sampler, model=fitted)

        def statistics(key: jax.Array, net: Any, theta: Parameters, noise: Any) -> jax.Array:
            full = dataclasses.replace(fitted, collapsed=False)
            theta = dict(theta)
            if "a" not in theta:
                theta["a"] = fitted.amplitudes_given(key, net, theta, noise)
            phi = field_at(net, theta, x).reshape(len(x), -1)
            return jnp.concatenate([phi[:, 0], jnp.mean(phi**2)[None], full.log_factors(net, theta, noise)[None]])

        def draw(state: Any, at: tuple[jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
            key, steps = at
            state = jax.lax.fori_loop(0, steps, lambda _, s: moves.step(s)[0], state)
            at_state = moves.point(state)
            return state, statistics(key, at_state.net, at_state.theta, at_state.noise)

        chain = jax.lax.scan(draw, moves.init(keys[2]), (jax.random.split(keys[3], len(steps)), steps))[1]
        true_net, true_noise = fitted.with_values(hyper)
        return jnp.sum(chain < statistics(keys[3], true_net, theta, true_noise)[None], axis=0)

    return jax.vmap(one)(keys)


def _prior_draw(
    truth: Conditioned, draw_prior: Callable[[jax.Array], Parameters] | None, key: jax.Array
) -> tuple[Parameters, Parameters]:
    """Hyperparameters and parameters from the prior, resampled with weights exp(-S + J phi) of actions and sources."""
    key_hyper, key_theta, key_choice = jax.random.split(key, 3)
    laws = enumerate(truth.hyperlaws.items())
    hyper: Any = {name: law.sample(jax.random.fold_in(key_hyper, k)) for k, (name, law) in laws}
    net, _ = truth.with_values(hyper)
    if draw_prior is not None:
        return hyper, draw_prior(key_theta)
    if not truth.actions and not truth.sources:
        return hyper, {site: value[0] for site, value in net.sample(key_theta, 1).items()}
    pool = net.sample(key_theta, RESAMPLED)
    before = dataclasses.replace(truth, observation=None, collapsed=False)

    def log_weight(theta: Parameters) -> jax.Array:
        return before.log_factors(net, theta, None)

    choice = jax.random.categorical(key_choice, jax.vmap(log_weight)(pool))
    return hyper, {site: value[choice] for site, value in pool.items()}
