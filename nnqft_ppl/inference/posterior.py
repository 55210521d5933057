"""Posterior and posterior predictive of a theory, as one ArviZ DataTree with its diagnostics in function space."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pandas as pd
from jax.tree_util import register_dataclass
from numpy.typing import ArrayLike
from xarray import DataTree

from nnqft_ppl.inference.trees import Draws, posterior_tree
from nnqft_ppl.runtime.arrays import Array, few_lines, html_table
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Grid, Places, joined
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.sampling.chains import run
from nnqft_ppl.sampling.diagnostics import Convergence, judge, summarise
from nnqft_ppl.sampling.pilot import prior_network
from nnqft_ppl.sampling.plan import SamplerName, plan, sampler_of
from nnqft_ppl.sampling.schwinger_dyson import real_sites, residual_at
from nnqft_ppl.sampling.whitened import Point
from nnqft_ppl.text import told
from nnqft_ppl.theory.conditioned import Conditioned, Model, field_at, fingerprint
from nnqft_ppl.theory.generic import as_points

PRIOR_DRAWS, PRIOR_BATCH = 1000, 16


class Posterior(NamedTuple):
    """Draws of a conditioned theory, what is to be known of them, and how they were made."""

    tree: DataTree  #: prior, posterior, prior_predictive, posterior_predictive, log_likelihood, observed_data, ...
    summary: pd.DataFrame  #: one row a number: phi and phi^2 at every point, the action, hyperparameters
    convergence: Convergence
    line: str  #: what was chosen, in one line

    __repr__ = few_lines
    _repr_html_ = html_table


def posterior(
    model: Model,
    points: ArrayLike,
    *,
    chains: int = 4,
    warmup: int = 500,
    draws: int = 500,
    seed: int = 0,
    sampler: SamplerName | None = None,
    collapsed: bool | None = None,
    parameters: bool = False,
    checkpoints: Path | None = None,
    progress: bool = False,
) -> Posterior:
    """Draw the field of a conditioned theory at points (P, d) by Markov chains that choose themselves.

    The chains draw from P(theta) of (4) times the factors of data, sources and actions.

    Parameters
    ----------
    model
        A theory, or what `observe`, `deform`, `add_source`, `collapse` and `give_laws` made of it.
    points
        Shape (P, d): where the field is wanted.
    chains, warmup, draws, seed
        Number of chains, moves of each that are not kept (rounded up to a multiple of 25), draws of each that are, and
        the seed that fixes them.
    sampler
        ``nuts`` or ``gibbs``. By default what suits the theory: Gibbs moves of blocks of neurons where these are
        independent, NUTS where they are not, or where laws are smooth and a hyperparameter is unknown or data are
        precise, and not many.
    collapsed
        Are Gaussian amplitudes to be integrated out? By default where that is possible, but with a source not where
        neurons are independent. ``False`` does not undo `collapse`.
    parameters
        Keep every site in the group ``posterior``.
    checkpoints
        A folder that lets an interrupted call go on where it was, to the same draws.
    progress
        Show a bar on standard error, if that is a terminal.

    Returns
    -------
    A named tuple: the draws, an ArviZ DataTree ``tree``; the ``summary`` of phi and phi^2 at every point, the action
    and hyperparameters; ``convergence``, the worst diagnostics and whether they are good enough; and ``line``, what was
    chosen.

    The tree has the groups ``posterior`` (phi, hyperparameters, action; with `parameters` every site),
    ``posterior_predictive``, ``observed_data`` and ``log_likelihood`` where there are data, ``prior`` and
    ``prior_predictive`` where the neurons can be drawn (without data, sources and actions), ``sample_stats`` and
    ``constant_data``; dimensions chain, draw, point, observation, component, neuron. The action is minus the log of
    everything that multiplies the prior. The statistic ``schwinger_dyson`` has mean zero if the chains are right.

    Raises
    ------
    InputError
        for points of the wrong shape, fewer than 4 draws or one chain, or a sampler that the theory rules out.

    Examples
    --------
    Fifty draws are too few, and ``convergence`` says so: it asks for an effective number of 400.

    >>> model = nq.observe(nq.load("cauchy", width=3), [[0.0], [1.0]], [0.3, -0.2], noise=0.3)
    >>> result = nq.posterior(model, [[0.5], [1.5], [2.5]], chains=2, warmup=25, draws=25)
    >>> result.tree["posterior"].phi.shape  # chain, draw, point
    (2, 25, 3)
    >>> result.convergence.converged
    False
    """
    if not jax.config.read("jax_enable_x64"):
        raise InputError("posterior needs double precision, without which chains go wrong; call enable_x64() first")
    asked, chosen = model, plan(model, sampler, collapsed)
    model = chosen.model
    x = as_points(model.net, points)
    for name, value, least in (("chains", chains, 1), ("warmup", warmup, 0), ("draws", draws, 4)):
        if value < least:
            raise InputError(f"{name} must be at least {least}, got {value}")
    identity = {
        "model": repr(model.net),
        "factors": fingerprint(model),
        "line": chosen.line,
        "points": np.asarray(x).tolist(),
        "run": [chains, warmup, draws, seed, parameters, VERSION],
    }
    kept, stats = run(
        sampler_of(chosen, warmup),
        Reader(model, x, parameters),
        chains=chains,
        warmup=warmup,
        draws=draws,
        seed=seed,
        checkpoint=Checkpoint(checkpoints, identity),
        title=f"{type(model.net).__name__} posterior",
        how=chosen.line,
        progress=progress,
    )
    summary = summarise({"phi": kept.phi, "phi^2": kept.phi**2, "action": kept.action, **kept.hyper})
    convergence = judge(summary, stats.get("diverging"), stats.get("energy"))
    if kept.residual:
        residual = summarise(kept.residual)
        summary = pd.concat([summary, residual], ignore_index=True)
        convergence = convergence._replace(schwinger_dyson=float(residual["mean"].iloc[0] / residual["mcse"].iloc[0]))
    provenance = {"theory": repr(model.net), **told(asked), "sampler": chosen.line}
    provenance |= {"seed": seed, "warmup": warmup, "version": VERSION}
    before = _prior(model, x, key_of(seed), min(PRIOR_DRAWS, chains * draws)) if model.net.ancestral else {}
    tree = posterior_tree(model, kept, stats, before, np.asarray(x), provenance)
    return Posterior(tree, summary, convergence, chosen.line)


@partial(register_dataclass, data_fields=("model", "x"), meta_fields=("parameters",))
@dataclass(frozen=True, eq=False)
class Reader:
    """What is kept of every draw of a posterior: see `Draws`."""

    model: Conditioned
    x: jax.Array | Grid
    parameters: bool

    def __call__(self, key: jax.Array, at: Point) -> Draws:
        model, data, theta = self.model, self.model.observation, dict(at.theta)
        key_a, key_noise = jax.random.split(key)
        action = -model.log_factors(at.net, theta, at.noise)
        testable = real_sites(model, at.net)
        residual = {"schwinger_dyson": residual_at(model, at.net, theta, at.noise)} if testable else {}
        if model.collapsed:
            theta["a"] = model.amplitudes_given(key_a, at.net, theta, at.noise)
        phi = field_at(at.net, theta, _seen(model, self.x))
        values = {}
        if data is not None:
            law = _law_of_values(phi[len(self.x) :], at.noise)
            values = {"y": law.sample(key_noise), "log_y": jnp.asarray(law.log_prob(data.values))}
        return Draws(phi[: len(self.x)], action, at.hyper, values, residual, theta if self.parameters else {})


def _seen(model: Conditioned, x: jax.Array | Grid) -> Places:
    """The points x, and those of the data after them."""
    return x if model.observation is None else joined(x, model.observation.points)


def _law_of_values(phi: jax.Array, noise: Any) -> dist.Normal:
    sigma = jnp.asarray(noise)
    return dist.Normal(phi, sigma[:, None] if phi.ndim == 2 and sigma.ndim == 1 else sigma)


def _prior(model: Conditioned, x: jax.Array | Grid, key: jax.Array, draws: int) -> dict[str, dict[str, Array]]:
    """Draws (1, draw, ...) of the field, the hyperparameters and the values before anything is known."""
    keys = jax.random.split(jax.random.fold_in(key, 2), (-(-draws // PRIOR_BATCH), PRIOR_BATCH))

    def flat(value: jax.Array) -> Array:
        return np.asarray(value).reshape(1, -1, *value.shape[2:])[:, :draws]

    found = _prior_batches(model, x, keys)
    return {group: {n: flat(v) for n, v in values.items()} for group, values in found.items()}


@jax.jit
def _prior_batches(model: Conditioned, x: jax.Array | Grid, keys: jax.Array) -> dict[str, dict[str, jax.Array]]:
    """One draw for each key (batches, batch)."""

    def one(key: jax.Array) -> dict[str, dict[str, jax.Array]]:
        key_hyper, key_theta, key_noise = jax.random.split(key, 3)
        hyper, net, noise, theta = prior_network(model, key_hyper, key_theta, _seen(model, x))
        phi = net.field(theta, _seen(model, x))
        groups = {"prior": {"phi": phi[: len(x)], **hyper}}
        if model.observation is not None:
            groups["prior_predictive"] = {"y": _law_of_values(phi[len(x) :], noise).sample(key_noise)}
        return groups

    return jax.lax.map(jax.vmap(one), keys)
