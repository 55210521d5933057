"""Weights: correlators of a theory with an interaction, from independent networks of its prior.

A theory P(theta) exp(L(theta)), L the log of all that data, sources and actions multiply the prior by, has the
correlators E[w phi..phi]/E[w] over networks of the prior, w = exp(L). No chain has to converge, and the draws are
independent: the errors are those of a ratio, by the delta method, and the effective sample size is (sum w)^2/sum w^2.
Its share of the draws is exp(-Var L) for a normal L and more where weights are bounded, as for S >= 0. A pilot of prior
networks says beforehand what it will be, and so whether weights or Markov chains suit a theory.
"""

import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.correlation.estimators import Estimate
from nnqft_ppl.correlation.partitions import Polynomial, members
from nnqft_ppl.correlation.requests import Request, batch_size
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.sampling.streams import Means, Moments, random_stream
from nnqft_ppl.theory.amplitudes import Components
from nnqft_ppl.theory.architecture import Parameters
from nnqft_ppl.theory.conditioned import Conditioned, fingerprint

PILOT = 1024  # prior networks that are asked for their log weights before any run
LEAST_EFFECTIVE = 100.0  # draws, below which an estimated error says too little
LEAST_SHARE = 0.05  # of effective draws in the pilot, below which chains take over


class Pilot(NamedTuple):
    """What prior networks say of the log weight before a run."""

    offset: float  #: the largest, which is subtracted from all, so that no weight overflows
    variance: float  #: of the log weight
    share: float  #: of the draws that are effective, (mean w)^2/mean w^2


def pilot(model: Conditioned, seed: int = 0) -> Pilot:
    """The log weights of PILOT prior networks.

    Raises
    ------
    InputError
        where the prior cannot be drawn, or no log weight is finite.
    """
    model.net.check_ancestral()
    logs = np.asarray(_log_weights(model, jax.random.fold_in(key_of(seed), 1)), dtype=float)
    finite = logs[np.isfinite(logs)]
    if not len(finite):
        raise InputError(
            f"{type(model.net).__name__}: the log weight of prior draws must be finite, got none among {PILOT}; use "
            "the estimator chain"
        )
    weights = np.exp(finite - finite.max())
    share = float(weights.sum() ** 2 / (weights**2).sum() / PILOT)
    return Pilot(float(finite.max()), float(np.var(finite)) if len(finite) == len(logs) else np.inf, share)


def chooses_weights(model: Conditioned) -> bool:
    """Do weights suit a theory, or chains? By the share of effective draws in a pilot."""
    return model.net.ancestral and pilot(model).share >= LEAST_SHARE


def reweighted(model: Conditioned, points: Array, request: Request) -> list[Estimate]:
    """Correlators at configurations (C, n, d) by weights of independent networks.

    Raises
    ------
    InputError
        where the prior cannot be drawn.
    """
    double, subsets = request.dtype == "float64", request.subsets
    task = _Task(request.components, subsets, _batch_size(model, subsets, points))
    offset = pilot(model, request.seed).offset
    with jax.enable_x64(double):
        root = jax.random.fold_in(key_of(request.seed), 0)
        sites = jnp.asarray(points.astype(request.dtype))

    def batch(index: int, valid: int) -> Means:
        with jax.enable_x64(double):
            mean, scatter = _batch(model, offset, root, sites, index, valid, task)
            return np.asarray(mean), np.asarray(scatter)

    def error(moments: Moments) -> float:
        return request.worst(lambda terms: _ratio(terms, subsets, moments, request.dtype))

    moments = random_stream(
        batch,
        (1 + len(subsets), len(points)),
        batch=task.batch,
        draws=request.draws,
        error=error,
        precision=request.precision,
        checkpoint=Checkpoint(
            request.checkpoints,
            {
                "theory": [f"{type(model.net).__module__} {model.net!r}", fingerprint(model)],
                "points": points.tolist(),
                "job": ["reweight", task, request.dtype, request.seed],
                "versions": [VERSION, jax.__version__, jax.default_backend()],
            },
        ),
        title=f"{type(model.net).__name__} reweight",
        progress=request.progress,
        threads=request.threads,
    )
    request.warn_if_missed("reweight", error(moments), moments.draws)
    mean = float(moments.mean[0, 0])
    effective = moments.draws * mean**2 / (float(moments.scatter[0, 0, 0]) / moments.draws + mean**2)
    if effective < LEAST_EFFECTIVE:
        warnings.warn(
            f"reweight has {effective:.0f} effective draws of {moments.draws}, too few for honest errors; more draws, "
            "or the estimator chain",
            stacklevel=3,
        )
    ess = np.full(len(points), effective)
    return [
        Estimate(order, kind, *_ratio(p, subsets, moments, request.dtype), ess, moments.draws, task.batch)
        for (order, kind), p in request.terms.items()
    ]


class _Task(NamedTuple):
    """What a compiled batch depends on, beside the structure of the theory and the precision."""

    components: Components
    subsets: tuple[int, ...]
    batch: int


def _batch_size(model: Conditioned, subsets: tuple[int, ...], points: Array) -> int:
    per_draw = points.shape[0] * (len(subsets) + points.shape[1]) + len(model.places) + 8 * model.net.neuron_count
    per_draw += len(model.net.paths) * model.net.neuron_count * (points.shape[0] * points.shape[1] + len(model.places))
    return batch_size(per_draw)


def _ratio(terms: Polynomial, subsets: Sequence[Any], moments: Moments, dtype: str) -> tuple[Array, Array]:
    """The polynomial at the ratios E[w phi..phi]/E[w], and its standard error by the delta method."""
    if not terms.subsets:  # vanishes identically
        return np.zeros(moments.mean.shape[1]), np.zeros(moments.mean.shape[1])
    rows = [0, *(1 + subsets.index(mask) for mask in terms.subsets)]
    weight = moments.mean[0]
    ratios = moments.mean[rows[1:]] / weight
    inner = terms.gradient(ratios)
    gradient = np.concatenate([-(inner * ratios).sum(axis=0)[None], inner]) / weight
    covariance = moments.scatter[:, rows][:, :, rows] / max(moments.draws - 1, 1)
    variance = np.einsum("sc,cst,tc->c", gradient, covariance, gradient) / moments.draws
    rounding = 8.0 * float(np.finfo(dtype).eps) * np.abs(inner * ratios).sum(axis=0)
    return terms.value(ratios), np.sqrt(np.maximum(variance, 0.0) + rounding**2)


def _networks(model: Conditioned, key: jax.Array, count: int, points: jax.Array) -> tuple[Parameters, Parameters]:
    """Hyperparameters and parameters of `count` networks, leading axis `count`; paths at `points`."""
    laws = model.hyperlaws
    if not laws:
        return {}, model.net.sample(key, count, points)
    hyper: Any = {
        name: law.sample(jax.random.fold_in(jax.random.fold_in(key, 1), k), (count,))
        for k, (name, law) in enumerate(laws.items())
    }

    def one(hyper: Parameters, key: jax.Array) -> Parameters:
        return {site: value[0] for site, value in model.with_values(hyper)[0].sample(key, 1, points).items()}

    return hyper, jax.vmap(one)(hyper, jax.random.split(jax.random.fold_in(key, 0), count))


@jax.jit
def _log_weights(model: Conditioned, key: jax.Array) -> jax.Array:
    def one(both: tuple[Parameters, Parameters]) -> jax.Array:
        net, noise = model.with_values(both[0])
        return model.log_factors_of(net.field(both[1], model.places), noise)

    return jax.lax.map(one, _networks(model, key, PILOT, model.places), batch_size=64)


@partial(jax.jit, static_argnames=("task",))
def _batch(
    model: Conditioned,
    offset: jax.Array,
    root: jax.Array,
    points: jax.Array,
    index: jax.Array,
    valid: jax.Array,
    task: _Task,
) -> tuple[jax.Array, jax.Array]:
    """Mean (1 + S, C) and centred second moments (C, 1 + S, 1 + S) of one batch."""
    count, order, dim = points.shape
    places = jnp.concatenate([points.reshape(-1, dim), model.places.astype(points.dtype)])

    def statistic(hyper: Parameters, theta: Parameters) -> jax.Array:
        net, noise = model.with_values(hyper)
        phi = net.field(theta, places)
        weight = jnp.exp(model.log_factors_of(phi[count * order :], noise) - offset)
        at = phi[: count * order].reshape(count, order, -1)
        legs = [at[:, k, label if net.component_count > 1 else 0] for k, label in enumerate(task.components)]
        rows: list[Any] = [
            jnp.ones(count, phi.dtype),
            *(math.prod(legs[k] for k in members(mask)) for mask in task.subsets),
        ]
        return weight * jnp.stack(rows)

    t = jax.vmap(statistic)(*_networks(model, jax.random.fold_in(root, index), task.batch, places))  # (batch, 1 + S, C)
    use = (jnp.arange(task.batch) < valid)[:, None, None]
    mean = jnp.sum(jnp.where(use, t, 0.0), axis=0) / valid
    centred = jnp.where(use, t - mean[None], 0.0)
    return mean, jnp.einsum("bsc,btc->cst", centred, centred)
