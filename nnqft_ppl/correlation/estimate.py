"""Monte Carlo correlators, streamed in constant memory, with honest errors.

Each estimator draws something and integrates the rest in closed form (`statistics`). Correlators are polynomials
(`partitions`) in the means of those statistics, and their standard errors follow from the covariance of the statistics
by the delta method. A plug-in cumulant of n draws has a bias of order 1/n, far below its error.
"""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.chained import chained
from nnqft_ppl.correlation.estimators import (
    ESTIMATORS,
    FACTOR_ESTIMATORS,
    Estimate,
    Estimator,
    Terms,
    amplitude_statistic,
    check_estimator,
    correlator_polynomial,
    cumulant_terms,
    field_statistic,
    neuron_statistic,
)
from nnqft_ppl.correlation.exact import Kind, check_components, check_order
from nnqft_ppl.correlation.partitions import Polynomial
from nnqft_ppl.correlation.requests import DType, Request, batch_size
from nnqft_ppl.correlation.sobol import radius_statistic
from nnqft_ppl.correlation.weighted import reweighted
from nnqft_ppl.runtime.arrays import Array, check_configurations
from nnqft_ppl.runtime.checkpoint import Checkpoint
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.seeds import key_of
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.sampling.devices import on_devices
from nnqft_ppl.sampling.streams import THREADS, Moments, random_stream, sobol_stream
from nnqft_ppl.theory.amplitudes import Components
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Model, conditioned
from nnqft_ppl.theory.cosine import CosineArchitecture


def estimate(
    model: Model,
    configurations: ArrayLike,
    *,
    orders: Sequence[int],
    kinds: Sequence[Kind],
    estimator: Estimator,
    draws: int,
    seed: int,
    components: Sequence[int] | None = None,
    precision: float | None = None,
    dtype: DType | None = None,
    checkpoints: Path | None = None,
    threads: int = THREADS,
    progress: bool = False,
) -> list[Estimate]:
    """Estimate correlators of several orders and kinds from one set of draws.

    Parameters
    ----------
    model
        A theory; one with data, sources or actions for `reweight` and `chain`.
    configurations
        Shape (C, n, d); a correlator of order k takes the first k points of each.
    draws, precision
        The number of draws; with a `precision`, the most draws of a run that stops as soon as the standard error of
        every value is at most that fraction of it.
    components
        For a field with D components, the component at each of the n points.
    dtype
        Of the draws; the process's default if not given. Sums are float64 either way.
    checkpoints
        A folder for checkpoints: the same call goes on from them after an interruption, to the same numbers.
    threads
        Batches computed at a time; the result does not depend on it.

    Raises
    ------
    InputError
        for an estimator that cannot separate a kind, an order beyond the points, an amplitude moment that does not
        exist, or a theory that the estimator cannot draw.
    """
    given = conditioned(model)
    net = given.net
    points = check_configurations(configurations, net.dim)
    points = points.reshape(-1, *points.shape[-2:])
    if draws < 2:
        raise InputError(f"draws must be at least 2, got {draws}")
    if precision is not None and not 0 < precision < np.inf:
        raise InputError(f"precision must be positive and finite, got {precision}")
    if max(orders) > points.shape[-2]:
        raise InputError(f"order must be at most {points.shape[-2]}, the points of a configuration, got {max(orders)}")
    labels = check_components(net, components, points.shape[-2])
    check_estimator(given, estimator)
    dtype = dtype or ("float64" if jax.config.read("jax_enable_x64") else "float32")
    terms: dict[tuple[int, Kind], Polynomial] = {
        (order, kind): correlator_polynomial(net, estimator, labels[: check_order(order)], kind)
        for order in orders
        for kind in kinds
    }
    request = Request(terms, labels, draws, seed, precision, dtype, checkpoints, threads, progress)
    if estimator in FACTOR_ESTIMATORS:
        return (reweighted if estimator == "reweight" else chained)(given, points, request)
    net.check_ancestral()
    if estimator == "field":
        _check_tails(net, max(orders))
    subsets = request.subsets
    if not subsets:  # every correlator vanishes identically: there is nothing to draw
        zero = np.zeros(len(points))
        return [Estimate(order, kind, zero, zero, zero + draws, draws, 1) for order, kind in terms]
    terms_of, weights = cumulant_terms(net, labels, subsets) if estimator == "amplitude" else ((), np.zeros(0))
    of_field = labels if estimator == "field" else ()  # amplitudes of the others are integrated out
    task = _Task(estimator, of_field, subsets, terms_of, _batch_size(net, estimator, subsets, points))

    def error(moments: Moments) -> float:
        return request.worst(lambda terms: _delta_method(terms, subsets, moments, dtype))

    moments, count = _stream(net, task, weights, points, request, error)
    request.warn_if_missed(estimator, error(moments), count)
    ess = np.full(len(points), np.nan if estimator == "sobol" else float(count))
    return [
        Estimate(order, kind, *_delta_method(p, subsets, moments, dtype), ess, count, task.batch)
        for (order, kind), p in terms.items()
    ]


class _Task(NamedTuple):
    """All that a compiled batch depends on, beside the structure of the theory and the precision."""

    estimator: Estimator
    components: Components  #: of the field estimator
    subsets: tuple[Any, ...]
    terms: Terms  #: of the amplitude estimator
    batch: int


def _stream(
    net: Architecture, task: _Task, weights: Array, points: Array, request: Request, error: Callable[[Moments], float]
) -> tuple[Moments, int]:
    dtype, seed = request.dtype, request.seed
    identity = {
        "theory": f"{type(net).__module__} {net!r}",
        "points": hashlib.sha256(np.ascontiguousarray(points).tobytes()).hexdigest(),
        "shape": points.shape,
        "job": [task.estimator, request.components, task.subsets, task.batch, dtype, seed],
        "versions": [VERSION, jax.__version__, jax.default_backend()],
    }
    checkpoint = Checkpoint(request.checkpoints, identity)
    title = f"{type(net).__name__} {task.estimator}"
    shape = (len(task.subsets), len(points))
    x = points.astype(dtype)
    if task.estimator == "sobol":
        return sobol_stream(
            radius_statistic(_quasi_random(net), points, task.subsets),
            shape,
            batch=task.batch,
            draws=request.draws,
            seed=seed,
            error=error,
            precision=request.precision,
            checkpoint=checkpoint,
            title=title,
            progress=request.progress,
        )
    double = dtype == "float64"
    with jax.enable_x64(double):
        root = jax.random.fold_in(key_of(seed), ESTIMATORS.index(task.estimator))
        sites, factors = jnp.asarray(x), jnp.asarray(weights.astype(dtype))

    moments = random_stream(
        on_devices(_batch, task, net, factors, root, sites, double=double),
        shape,
        batch=task.batch,
        draws=request.draws,
        error=error,
        precision=request.precision,
        checkpoint=checkpoint,
        title=title,
        progress=request.progress,
        threads=request.threads,
    )
    return moments, moments.draws


def _batch(
    net: Architecture,
    weights: jax.Array,
    root: jax.Array,
    points: jax.Array,
    index: jax.Array,
    valid: jax.Array,
    task: "_Task",
) -> tuple[jax.Array, jax.Array]:
    """Mean (S, C) and centred second moments (C, S, S) of one batch, by one program for all values of a theory."""
    sampled = replace(net, width=1) if task.estimator == "neuron" else net
    theta = sampled.sample(jax.random.fold_in(root, index), task.batch, points.reshape(-1, net.dim))

    def statistic(one: Parameters) -> jax.Array:
        if task.estimator == "field":
            return field_statistic(net, one, points, task.components, task.subsets)
        if task.estimator == "neuron":
            return neuron_statistic(net, one, points, task.subsets)
        return amplitude_statistic(net, one, points, task.subsets, task.terms, weights)

    t = jax.vmap(statistic)(theta)  # (batch, S, C)
    use = (jnp.arange(task.batch) < valid)[:, None, None]
    mean = jnp.sum(jnp.where(use, t, 0.0), axis=0) / valid
    centred = jnp.where(use, t - mean[None], 0.0)
    return mean, jnp.einsum("bsc,btc->cst", centred, centred)


def _quasi_random(net: Architecture) -> CosineArchitecture:
    """`net` if it has a frequency law; `InputError` otherwise."""
    if not isinstance(net, CosineArchitecture) or net.frequency_law is None:
        raise InputError(
            f"estimator sobol needs a theory of plane waves with a frequency law, got {type(net).__name__}; use neuron"
        )
    return net


def _check_tails(net: Architecture, order: int) -> None:
    try:
        net.amplitude_moment(2 * order)
    except InputError as error:
        warnings.warn(f"the error of field estimates of order {order} has infinite variance: {error}", stacklevel=3)


def _batch_size(net: Architecture, estimator: Estimator, subsets: tuple[Any, ...], points: Array) -> int:
    per_draw = points.shape[0] * (len(subsets) + points.shape[1])
    if estimator == "field":
        per_draw += (8 + len(net.paths) * points.shape[0] * points.shape[1]) * net.neuron_count
    if estimator == "amplitude":
        per_draw *= net.neuron_count
    return batch_size(per_draw)


def _delta_method(terms: Polynomial, subsets: tuple[Any, ...], moments: Moments, dtype: DType) -> tuple[Array, Array]:
    """The polynomial at the sample means, and its standard error sqrt(g' Cov g / n + rounding^2)."""
    configurations = moments.mean.shape[1]
    if not terms.subsets:  # vanishes identically
        return np.zeros(configurations), np.zeros(configurations)
    rows = [subsets.index(mask) for mask in terms.subsets]
    mean = moments.mean[rows]
    gradient = terms.gradient(mean)
    covariance = moments.scatter[:, rows][:, :, rows] / max(moments.draws - 1, 1)
    variance = np.einsum("sc,cst,tc->c", gradient, covariance, gradient)
    # What is certain but for rounding keeps the error of its rounding, so that z-scores stay meaningful.
    rounding = 8.0 * float(np.finfo(dtype).eps) * np.abs(gradient * mean).sum(axis=0)
    return terms.value(mean), np.sqrt(np.maximum(variance, 0.0) / moments.draws + rounding**2)
