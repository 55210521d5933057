"""Monte Carlo correlators, streamed in constant memory, with honest errors.

Each estimator draws something and integrates the rest in closed form; what one draw contributes is a statistic T_S for
every subset S of the points of a configuration:

    field       networks          T_S = prod_(k in S) phi(x_k)                              nothing is integrated
    amplitude   networks          T_S = E_a[prod_(k in S) phi(x_k)], from power sums        the amplitudes
    neuron      single neurons    T_S = E_c[prod_(k in S) h(x_k)], phases where possible    amplitudes and phases

Correlators are the polynomials of `partitions` in the means of T_S, and their standard errors follow from the
covariance of the T_S by the delta method. A plug-in cumulant of n draws has a bias of order 1/n, far below its error.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.architecture import Architecture, Parameters
from nnqft_ppl.errors import InputError
from nnqft_ppl.exact import Kind, check_kind, check_order, full_correlator, single_cumulant
from nnqft_ppl.partitions import Polynomial, cumulant_weight, members, polynomial
from nnqft_ppl.points import Array, check_configurations
from nnqft_ppl.progress import progress_bar

Estimator = Literal["field", "amplitude", "neuron"]
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)

BATCH_ELEMENTS = 2**20  # neuron evaluations held at once: about 8 MB in float64
GROUP = 16  # batches between two looks at the clock


class Estimate(NamedTuple):
    """One correlator at every configuration, shape (C,)."""

    order: int
    kind: Kind
    estimate: Array
    mcse: Array  #: standard error of the mean
    draws: int  #: networks, or single neurons for the neuron estimator
    batch: int  #: draws of one batch: with the seed, it fixes the result


class Moments(NamedTuple):
    """Running mean (S, C) and centred second moments (C, S, S) of the subset statistics of `draws` draws."""

    draws: int
    mean: Array
    scatter: Array


def estimate(
    net: Architecture,
    configurations: ArrayLike,
    *,
    orders: Sequence[int],
    kinds: Sequence[Kind],
    estimator: Estimator,
    draws: int,
    seed: int,
    group: int = GROUP,
    progress: bool = False,
) -> list[Estimate]:
    """Estimate correlators of several orders and kinds from one set of draws.

    Parameters
    ----------
    configurations
        Shape (C, n, d); a correlator of order k takes the first k points of each.
    group
        Batches computed between two steps of the progress bar; the result does not depend on it.

    Raises
    ------
    InputError
        for an estimator that cannot separate a kind, an order beyond the points, or an amplitude moment that does not
        exist.
    """
    points = check_configurations(configurations, net.dim)
    points = points.reshape(-1, *points.shape[-2:])
    if draws < 2:
        raise InputError(f"draws must be at least 2, got {draws}")
    terms: dict[tuple[int, Kind], Polynomial] = {
        (order, kind): _polynomial(net, estimator, check_order(order), kind) for order in orders for kind in kinds
    }
    if max(orders) > points.shape[-2]:
        raise InputError(f"order must be at most {points.shape[-2]}, the points of a configuration, got {max(orders)}")
    if estimator == "field":
        _check_tails(net, max(orders))
    subsets = tuple(sorted({mask for p in terms.values() for mask in p.subsets}))
    batch = _batch_size(net, estimator, subsets, points)
    moments = _stream(net, points, estimator, subsets, batch, draws, seed, group, progress)
    return [
        Estimate(order, kind, *_delta_method(p, subsets, moments), draws, batch) for (order, kind), p in terms.items()
    ]


def _polynomial(net: Architecture, estimator: Estimator, order: int, kind: Kind) -> Polynomial:
    """The correlator as a polynomial in the means of the estimator's statistics."""
    check_kind(kind)
    net.amplitude_moment(order)  # says so if it does not exist
    if estimator == "neuron":
        if not net.independent:
            raise InputError(
                f"estimator must be amplitude or field where neurons are not independent ({type(net).__name__}), "
                "got 'neuron'"
            )
        if kind == "full":
            return full_correlator(net, order)
        if kind in ("connected", "I_N"):
            return single_cumulant(net, order)
    elif estimator in ESTIMATORS:
        if kind == "full":
            return polynomial(order, lambda sizes: float(len(sizes) == 1))
        if kind == "connected":
            return polynomial(order, lambda sizes: cumulant_weight(len(sizes)))
    else:
        raise InputError(f"estimator must be one of {', '.join(('exact', *ESTIMATORS))}, got {estimator!r}")
    able = "full, connected, I_N" if estimator == "neuron" else "full, connected"
    raise InputError(f"kind must be one of {able} for the {estimator} estimator, got {kind!r}")


def _check_tails(net: Architecture, order: int) -> None:
    try:
        net.amplitude_moment(2 * order)
    except InputError as error:
        warnings.warn(f"the error of field estimates of order {order} has infinite variance: {error}", stacklevel=3)


# -- streaming -------------------------------------------------------------------------------------------------------


def _stream(
    net: Architecture,
    points: Array,
    estimator: Estimator,
    subsets: tuple[int, ...],
    batch: int,
    draws: int,
    seed: int,
    group: int,
    progress: bool,
) -> Moments:
    """Accumulate moments on the host in float64, batch by batch in order: the grouping cannot change the result."""
    run = _compiled(net, estimator, subsets, batch)
    root = jax.random.fold_in(jax.random.key(seed), ESTIMATORS.index(estimator))
    x = jnp.asarray(points)
    shape = (len(subsets), len(points))
    total = Moments(0, np.zeros(shape), np.zeros((shape[1], shape[0], shape[0])))
    batches = -(-draws // batch)
    with progress_bar(f"{type(net).__name__} {estimator}", batches, progress) as advance:
        for start in range(0, batches, group):
            indices = np.arange(start, min(start + group, batches))
            valid = np.minimum(batch, draws - indices * batch)
            means, scatters = run(root, x, jnp.asarray(indices), jnp.asarray(valid))
            for count, mean, scatter in zip(valid, np.asarray(means), np.asarray(scatters), strict=True):
                total = _merge(total, Moments(int(count), mean.astype(float), scatter.astype(float)))
            advance(len(indices))
    return total


def _merge(a: Moments, b: Moments) -> Moments:
    draws = a.draws + b.draws
    shift = b.mean - a.mean
    outer = np.einsum("sc,tc->cst", shift, shift)
    return Moments(
        draws,
        a.mean + shift * (b.draws / draws),
        a.scatter + b.scatter + outer * (a.draws * b.draws / draws),
    )


@lru_cache(maxsize=64)
def _compiled(net: Architecture, estimator: Estimator, subsets: tuple[int, ...], batch: int) -> Any:
    statistic = {"field": _field_statistic, "amplitude": _amplitude_statistic, "neuron": _neuron_statistic}[estimator]
    sampled = replace(net, width=1) if estimator == "neuron" else net

    def one_batch(root: jax.Array, points: jax.Array, index: jax.Array, valid: jax.Array):
        theta = sampled.sample(jax.random.fold_in(root, index), batch)
        t = jax.vmap(lambda one: statistic(net, one, points, subsets))(theta)  # (batch, S, C)
        use = (jnp.arange(batch) < valid)[:, None, None]
        mean = jnp.sum(jnp.where(use, t, 0.0), axis=0) / valid
        centred = jnp.where(use, t - mean, 0.0)
        return mean, jnp.einsum("bsc,btc->cst", centred, centred)

    @jax.jit
    def run(root: jax.Array, points: jax.Array, indices: jax.Array, valid: jax.Array):
        return jax.lax.map(lambda job: one_batch(root, points, *job), (indices, valid))

    return run


def _batch_size(net: Architecture, estimator: Estimator, subsets: tuple[int, ...], points: Array) -> int:
    """The largest power of two of draws that keeps a batch within BATCH_ELEMENTS; a function of the problem alone."""
    per_draw = len(points) * len(subsets)
    if estimator != "neuron":
        per_draw += net.width * len(points) * (points.shape[1] + (len(subsets) if estimator == "amplitude" else 0))
    return 2 ** int(np.clip(np.log2(BATCH_ELEMENTS / per_draw), 0, 14))


def _delta_method(terms: Polynomial, subsets: tuple[int, ...], moments: Moments) -> tuple[Array, Array]:
    """The polynomial at the sample means, and its standard error sqrt(g' Cov g / n + rounding^2)."""
    configurations = moments.mean.shape[1]
    if not terms.subsets:  # vanishes identically
        return np.zeros(configurations), np.zeros(configurations)
    rows = [subsets.index(mask) for mask in terms.subsets]
    mean = moments.mean[rows]
    gradient = terms.gradient(mean)
    covariance = moments.scatter[:, rows][:, :, rows] / (moments.draws - 1)
    variance = np.einsum("sc,cst,tc->c", gradient, covariance, gradient)
    # What is certain but for rounding keeps the error of its rounding, so that z-scores stay meaningful.
    rounding = 8.0 * float(jnp.finfo(jnp.result_type(float)).eps) * np.abs(gradient * mean).sum(axis=0)
    return terms.value(mean), np.sqrt(np.maximum(variance, 0.0) / moments.draws + rounding**2)


# -- what one draw contributes: T_S of shape (S, C) -------------------------------------------------------------------


def _field_statistic(net: Architecture, theta: Parameters, points: jax.Array, subsets: tuple[int, ...]) -> jax.Array:
    phi = net.field(theta, points.reshape(-1, net.dim)).reshape(points.shape[:2])
    return jnp.stack([jnp.prod(phi[:, members(mask)], axis=1) for mask in subsets])


def _amplitude_statistic(
    net: Architecture, theta: Parameters, points: jax.Array, subsets: tuple[int, ...]
) -> jax.Array:
    """E_a[prod phi] = sum over partitions of prod_B N^(-|B|/2) kappa_|B|[ahat] sum_i prod_(k in B) h_i(x_k)."""
    h = net.neurons(theta, points.reshape(-1, net.dim)).reshape(-1, *points.shape[:2])
    kappa = _amplitude_cumulants(net, points.shape[1])
    power_sum: dict[int, jax.Array] = {}
    expected: dict[int, jax.Array] = {0: jnp.ones(points.shape[0], h.dtype)}

    def connected(mask: int) -> jax.Array:
        if mask not in power_sum:
            power_sum[mask] = jnp.sum(jnp.prod(h[:, :, members(mask)], axis=2), axis=0)
        size = mask.bit_count()
        return kappa[size] * net.width ** (-size / 2.0) * power_sum[mask]

    def moment(mask: int) -> jax.Array:
        if mask not in expected:
            first, *rest = members(mask)
            total = jnp.zeros(points.shape[0], h.dtype)
            for size in range(len(rest) + 1):
                if kappa[size + 1] != 0.0:
                    for others in combinations(rest, size):
                        block = sum((1 << k for k in others), 1 << first)
                        total = total + connected(block) * moment(mask ^ block)
            expected[mask] = total
        return expected[mask]

    return jnp.stack([moment(mask) for mask in subsets])


def _amplitude_cumulants(net: Architecture, order: int) -> list[float]:
    """kappa_k[sqrt(N) a] for k = 0..order, from the moments A_k."""
    cumulants = [0.0]
    for k in range(1, order + 1):
        terms = polynomial(k, lambda sizes: cumulant_weight(len(sizes)))
        moments = np.array([net.amplitude_moment(mask.bit_count()) for mask in terms.subsets])
        value = float(terms.value(moments))
        # A cumulant that cancels to rounding is zero: the Gaussian law has none beyond the second.
        cumulants.append(0.0 if abs(value) < 1e-13 * max(abs(net.amplitude_moment(k)), 1e-300) else value)
    return cumulants


def _neuron_statistic(net: Architecture, theta: Parameters, points: jax.Array, subsets: tuple[int, ...]) -> jax.Array:
    one = {site: value[0] for site, value in theta.items() if site != "a"}
    return jnp.stack([jax.vmap(lambda x: net.marginal_product(x, **one))(points[:, members(mask)]) for mask in subsets])
