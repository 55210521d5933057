"""Weights: correlators of a theory with an interaction, from independent networks of its prior.

A theory P(theta) exp(L(theta)), L the log of all that data, sources and actions multiply the prior by, has the
correlators E[w phi..phi]/E[w] over networks of the prior, w = exp(L). No chain has to converge, and the draws are
independent: the errors are those of a ratio, by the delta method, and the effective sample size is (sum w)^2/sum w^2.
Products of fields without weights, whose means the card knows, are taken out of a ratio by least squares.
The share of effective draws is exp(-Var L) for a normal L and more where weights are bounded, as for S >= 0. A pilot of
prior networks says beforehand what it will be, and so whether weights or Markov chains suit a theory.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.correlation.estimators import Estimate
from nnqft_ppl.correlation.exact import exact_correlator
from nnqft_ppl.correlation.partitions import Polynomial
from nnqft_ppl.correlation.requests import Request, batch_size
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.grids import Places, joined
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.runtime.subsets import members
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.sampling.devices import on_devices
from nnqft_ppl.sampling.pilot import Pilot, pilot
from nnqft_ppl.sampling.streams import Moments, random_stream
from nnqft_ppl.theory.amplitudes import Components
from nnqft_ppl.theory.architecture import Parameters
from nnqft_ppl.theory.conditioned import Conditioned, fingerprint, in_precision

LEAST_EFFECTIVE = 100.0  # draws, below which an estimated error says too little
CONTROL_ORDER = 4  # of products without weights that are taken out of a ratio
DRAWS_PER_CONTROL = 20  # below which least squares would find too much
LEAST_SHARE = 0.05  # of effective draws in the pilot, below which chains take over


def log_weights(model: Conditioned, seed: int = 0) -> Pilot:
    """What a pilot says of the weights of whole networks, amplitudes included."""
    return pilot(replace(model, collapsed=False), seed)


def chooses_weights(model: Conditioned) -> bool:
    """Do weights suit a theory, or chains? By the share of effective draws in a pilot."""
    return model.net.ancestral and log_weights(model).share >= LEAST_SHARE


def reweighted(model: Conditioned, points: Array, request: Request) -> list[Estimate]:
    """Correlators at configurations (C, n, d) by weights of independent networks.

    Raises
    ------
    InputError
        where the prior cannot be drawn, or no log weight is finite.
    """
    double, subsets = request.dtype == "float64", request.subsets
    controls, known = _controls(model, points, request)
    task = _Task(request.components, subsets, controls, _batch_size(model, subsets, points))
    offset = _offset(model, request.seed)
    carried = in_precision(model, request.dtype)
    with jax.enable_x64(double):
        root = jax.random.fold_in(key_of(request.seed), 0)
        sites, means = jnp.asarray(points.astype(request.dtype)), jnp.asarray(known.astype(request.dtype))

    def error(moments: Moments) -> float:
        return request.worst(lambda terms: ratio(terms, subsets, moments, request.dtype))

    moments = random_stream(
        on_devices(_batch, task, carried, offset, root, sites, means, double=double),
        (1 + len(subsets) + len(controls), len(points)),
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
    effective = effective_draws(moments)
    if effective < LEAST_EFFECTIVE:
        warnings.warn(
            f"reweight has {effective:.0f} effective draws of {moments.draws}, too few for honest errors; more draws, "
            "or the estimator chain",
            stacklevel=3,
        )
    ess = np.full(len(points), effective)
    return [
        Estimate(order, kind, *ratio(p, subsets, moments, request.dtype), ess, moments.draws, task.batch)
        for (order, kind), p in request.terms.items()
    ]


def effective_draws(moments: Moments) -> float:
    """(sum w)^2/sum w^2, where the weights are the first row."""
    mean = float(moments.mean[0, 0])
    return moments.draws * mean**2 / (float(moments.scatter[0, 0, 0]) / moments.draws + mean**2)


def _offset(model: Conditioned, seed: int) -> float:
    """The largest log weight of a pilot, by which all are divided; `InputError` where none is finite."""
    offset = log_weights(model, seed).offset
    if not np.isfinite(offset):
        raise InputError(
            f"{type(model.net).__name__}: the log weight of prior draws must be finite, got none that is; use the "
            "estimator chain"
        )
    return offset


def weighted_fields(model: Conditioned, points: Array, *, draws: int, seed: int) -> tuple[Array, Array]:
    """phi at points (P, d) of networks of the prior, (draws, P, D), and their weights (draws,), the largest about 1.

    Raises
    ------
    InputError
        where the prior cannot be drawn, or no log weight is finite.
    """
    offset, root = _offset(model, seed), jax.random.fold_in(key_of(seed), 0)
    size = batch_size(len(points) + len(model.places) + 8 * model.net.neuron_count)
    keys = [jax.random.fold_in(root, index) for index in range(-(-draws // size))]
    with jax.enable_x64(True):
        places = joined(points, model.places)
        parts = [[np.asarray(part, dtype=float) for part in _fields(model, offset, key, places, size)] for key in keys]
    phi, weight = (np.concatenate(part)[:draws] for part in zip(*parts, strict=True))
    return phi.reshape(draws, len(places), -1)[:, : len(points)], weight


@partial(jax.jit, static_argnames="count")
def _fields(
    model: Conditioned, offset: jax.Array, key: jax.Array, places: Places, count: int
) -> tuple[jax.Array, jax.Array]:
    """phi at the places, the factors' own ones last, and the weights of `count` networks."""

    def one(hyper: Parameters, theta: Parameters) -> tuple[jax.Array, jax.Array]:
        net, noise = model.with_values(hyper)
        phi = net.field(theta, places)
        return phi, jnp.exp(model.log_factors_of(phi[len(places) - len(model.places) :], noise) - offset)

    return jax.vmap(one)(*networks(model, key, count, places))


class _Task(NamedTuple):
    """What a compiled batch depends on, beside the structure of the theory and the precision."""

    components: Components
    subsets: tuple[int, ...]
    controls: tuple[int, ...]  #: subsets whose products without weights have known means
    batch: int


def _batch_size(model: Conditioned, subsets: tuple[int, ...], points: Array) -> int:
    per_draw = points.shape[0] * (2 * len(subsets) + points.shape[1]) + len(model.places) + 8 * model.net.neuron_count
    per_draw += len(model.net.paths) * model.net.neuron_count * (points.shape[0] * points.shape[1] + len(model.places))
    return batch_size(per_draw)


def _controls(model: Conditioned, points: Array, request: Request) -> tuple[tuple[int, ...], Array]:
    """Subsets whose products of fields have a finite variance and a known mean without weights, and these: (K, C)."""
    chosen = tuple(mask for mask in request.subsets if mask.bit_count() <= CONTROL_ORDER)
    none = (), np.zeros((0, len(points)))
    if model.unknown or not chosen:
        return none
    try:
        model.net.amplitude_moment(2 * max(mask.bit_count() for mask in chosen))
        known = [
            exact_correlator(
                model.net, points[:, members(mask)], "full", [request.components[k] for k in members(mask)]
            )
            for mask in chosen
        ]
    except InputError:  # no such moment, or no closed form
        return none
    return chosen, np.stack(known)


def ratio(terms: Polynomial, subsets: Sequence[Any], moments: Moments, dtype: str) -> tuple[Array, Array]:
    """The polynomial at the ratios E[w phi..phi]/E[w], and its standard error by the delta method.

    Rows of the moments are the weight, the weighted products of `subsets`, and products without weights minus their
    means; what least squares finds of these in the fluctuations of the ratio is taken out.
    """
    if not terms.subsets:  # vanishes identically
        return np.zeros(moments.mean.shape[1]), np.zeros(moments.mean.shape[1])
    rows = [0, *(1 + subsets.index(mask) for mask in terms.subsets)]
    weight = moments.mean[0]
    ratios = moments.mean[rows[1:]] / weight
    inner = terms.gradient(ratios)
    gradient = np.concatenate([-(inner * ratios).sum(axis=0)[None], inner]) / weight
    value, covariance = terms.value(ratios), moments.scatter / max(moments.draws - 1, 1)
    variance = np.einsum("sc,cst,tc->c", gradient, covariance[:, rows][:, :, rows], gradient)
    first = 1 + len(subsets)
    if 0 < DRAWS_PER_CONTROL * (len(moments.mean) - first) <= moments.draws:
        together = np.einsum("sc,cst->ct", gradient, covariance[:, rows, first:])
        slopes = np.einsum("ct,ctu->cu", together, np.linalg.pinv(covariance[:, first:, first:], 1e-10, hermitian=True))
        value = value - np.einsum("ct,tc->c", slopes, moments.mean[first:])
        variance = variance - np.einsum("ct,ct->c", slopes, together)
    rounding = 8.0 * float(np.finfo(dtype).eps) * np.abs(inner * ratios).sum(axis=0)
    return value, np.sqrt(np.maximum(variance, 0.0) / moments.draws + rounding**2)


def networks(model: Conditioned, key: jax.Array, count: int, points: Places) -> tuple[Parameters, Parameters]:
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


def _batch(
    model: Conditioned,
    offset: jax.Array,
    root: jax.Array,
    points: jax.Array,
    known: jax.Array,
    index: jax.Array,
    valid: jax.Array,
    task: _Task,
) -> tuple[jax.Array, jax.Array]:
    """Mean (1 + S + K, C) and centred second moments (C, 1 + S + K, 1 + S + K) of one batch."""
    count, order, dim = points.shape
    places = joined(points.reshape(-1, dim), model.places)

    def statistic(hyper: Parameters, theta: Parameters) -> jax.Array:
        net, noise = model.with_values(hyper)
        phi = net.field(theta, places)
        weight = jnp.exp(model.log_factors_of(phi[count * order :], noise) - offset)
        at = phi[: count * order].reshape(count, order, -1)
        legs = [at[:, k, label if net.component_count > 1 else 0] for k, label in enumerate(task.components)]
        product = {mask: math.prod(legs[k] for k in members(mask)) for mask in task.subsets}
        rows: list[Any] = [jnp.ones(count, phi.dtype), *(product[mask] for mask in task.subsets)]
        free = [product[mask] - mean for mask, mean in zip(task.controls, known, strict=True)]
        return jnp.stack([*(weight * row for row in rows), *free])

    drawn = networks(model, jax.random.fold_in(root, index), task.batch, places)
    t = jax.vmap(statistic)(*drawn)  # (batch, 1 + S + K, C)
    use = (jnp.arange(task.batch) < valid)[:, None, None]
    mean = jnp.sum(jnp.where(use, t, 0.0), axis=0) / valid
    centred = jnp.where(use, t - mean[None], 0.0)
    return mean, jnp.einsum("bsc,btc->cst", centred, centred)
