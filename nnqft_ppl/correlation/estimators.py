"""What one draw contributes to an estimate: a statistic T_S for every subset S of the points of a configuration.

    field       networks          prod_(k in S) phi(x_k)                              nothing is integrated
    amplitude   networks          E_(a,c)[prod_(k in S) phi(x_k)], from power sums    amplitudes, phases if possible
    neuron      single neurons    E_c[prod_(k in S) h(x_k)]                           amplitudes, phases if possible
    sobol       radii |b|         the same, for an isotropic law of b whose directions are integrated out as well

A subset is a bit mask. The amplitude estimator also knows the average over its neurons of the neuron statistic, which
separates I_N from I_IB; those moments are labelled `Single`.
"""

import math
from collections.abc import Iterable
from itertools import combinations
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnqft_ppl.correlation.exact import Kind, check_kind, full_correlator, single_cumulant
from nnqft_ppl.correlation.partitions import Polynomial, Single, cumulant_weight, difference, of_single, polynomial
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.subsets import members, set_partitions
from nnqft_ppl.theory.amplitudes import Components
from nnqft_ppl.theory.architecture import Architecture, Parameters
from nnqft_ppl.theory.conditioned import Conditioned

Estimator = Literal["field", "amplitude", "neuron", "sobol", "reweight", "chain"]
#: Of theories whose networks are independent draws.
ESTIMATORS: tuple[Estimator, ...] = ("field", "amplitude", "neuron", "sobol")
#: Of theories with data, sources or actions.
FACTOR_ESTIMATORS: tuple[Estimator, ...] = ("reweight", "chain")

ABLE = {
    "field": ("full", "connected"),
    "amplitude": ("full", "connected", "I_N", "I_IB"),
    "neuron": ("full", "connected", "I_N"),
    "sobol": ("full", "connected", "I_N"),
    "reweight": ("full", "connected"),
    "chain": ("full", "connected"),
}


class Estimate(NamedTuple):
    """One correlator at every configuration, shape (C,)."""

    order: int
    kind: Kind
    estimate: Array
    mcse: Array  #: standard error of the mean
    ess: Array  #: effective number of independent draws; nan where they are quasi-random
    draws: int  #: networks, or single neurons for the neuron and sobol estimators
    batch: int  #: draws of one batch: with the seed, it fixes the result


def correlator_polynomial(net: Architecture, estimator: Estimator, components: Components, kind: str) -> Polynomial:
    """The correlator as a polynomial in the means of the estimator's statistics.

    Raises
    ------
    InputError
        for a kind that the estimator cannot separate, single neurons of a theory whose neurons are dependent, or an
        amplitude moment that does not exist.
    """
    check_kind(kind)
    order = len(components)
    if estimator in ("neuron", "sobol") and not net.independent:
        name = type(net).__name__
        rule = f"amplitude or field where neurons are not independent ({name})"
        raise InputError(f"estimator must be {rule}, got {estimator!r}")
    if kind not in ABLE[estimator]:
        able = ", ".join(ABLE[estimator])
        raise InputError(f"kind must be one of {able} for the {estimator} estimator, got {kind!r}")
    net.amplitude_moment(order)  # says so if it does not exist
    if estimator in ("neuron", "sobol"):
        return full_correlator(net, components) if kind == "full" else single_cumulant(net, components)
    if kind == "full":
        return polynomial(order, lambda partition: float(len(partition) == 1))
    connected = polynomial(order, lambda partition: cumulant_weight(len(partition)))
    if kind == "connected":
        return connected
    single = of_single(single_cumulant(net, components))
    return single if kind == "I_N" else difference(connected, single)


def check_estimator(model: Conditioned, estimator: str) -> None:
    """`InputError` for an unknown estimator, or one that cannot draw the theory."""
    known = ("exact", *ESTIMATORS, *FACTOR_ESTIMATORS)
    if estimator not in known:
        raise InputError(f"estimator must be one of {', '.join(known)}, got {estimator!r}")
    if model.factored and estimator in ESTIMATORS:
        raise InputError(
            f"estimator must be reweight or chain for a theory with data, sources, actions or unknown hyperparameters "
            f"({type(model.net).__name__}), got {estimator!r}"
        )
    if estimator == "reweight" and not model.factored:
        raise InputError("estimator must be field where there is no data, source or action to weigh by, got 'reweight'")


def field_statistic(
    net: Architecture, theta: Parameters, points: jax.Array, components: Components, subsets: tuple[int, ...]
) -> jax.Array:
    """prod_(k in S) phi_(c_k)(x_k), shape (S, C), for configurations (C, n, d)."""
    phi = net.field(theta, points.reshape(-1, net.dim)).reshape(*points.shape[:2], -1)
    legs = [phi[:, k, components[k] if net.component_count > 1 else 0] for k in range(len(components))]
    return jnp.stack([math.prod(legs[k] for k in members(mask)) for mask in subsets])


def neuron_statistic(net: Architecture, theta: Parameters, points: jax.Array, subsets: tuple[int, ...]) -> jax.Array:
    """E_c[prod_(k in S) h(x_k)] of the first neuron, shape (S, C)."""
    one = {site: value if site in net.shared else value[0] for site, value in theta.items() if site != "a"}
    indices = tuple(tuple(members(mask)) for mask in subsets)
    return _marginal_products(net, one, points, indices)


def _marginal_products(
    net: Architecture, one: Parameters, points: jax.Array, indices: tuple[tuple[int, ...], ...]
) -> jax.Array:
    """`marginal_products` of one neuron at configurations (C, n, d), whose points a path counts in turn; (S, C)."""
    paths = {site: one[site].reshape(points.shape[:2]) for site in net.paths}
    rest = {site: value for site, value in one.items() if site not in paths}
    products = jax.vmap(lambda x, values: net.marginal_products(x, indices, **rest, **values), out_axes=1)
    return products(points, paths)


def amplitude_statistic(
    net: Architecture,
    theta: Parameters,
    points: jax.Array,
    subsets: tuple[Any, ...],
    terms: "Terms",
    weights: jax.Array,
) -> jax.Array:
    """E_(a,c)[prod phi] given the other parameters: moments of a sum of independent terms a_i h_i, from its cumulants.

    The cumulant of a subset S is a sum over single neurons, sum_i kappa_S[a_i h_i], so a power sum; the moments made of
    such cumulants average over all distinct pairs, triples, ... of neurons inside the draw.
    """
    whole = tuple(mask for mask, _ in terms)
    masks = tuple(sorted({*whole, *(label.mask for label in subsets if isinstance(label, Single))}))
    indices = tuple(tuple(members(mask)) for mask in masks)
    h = net.map_neurons(lambda one: _marginal_products(net, one, points, indices), theta)  # (N, masks, C)
    moment_of = {mask: h[:, position] for position, mask in enumerate(masks)}
    weight, cumulants = iter(weights), {}
    for mask, parts in terms:
        cumulants[mask] = jnp.zeros(points.shape[0], h.dtype)
        for first, last, blocks in parts:
            product = math.prod(moment_of[block][first:last] for block in blocks)
            cumulants[mask] += next(weight) * jnp.sum(product, axis=0)
    moments = {0: jnp.ones(points.shape[0], h.dtype)}
    for mask in whole:  # parts come before what they are parts of
        first, *rest = members(mask)
        blocks = [
            sum((1 << k for k in chosen), 1 << first) for n in range(len(rest) + 1) for chosen in combinations(rest, n)
        ]
        zero = jnp.zeros(points.shape[0], h.dtype)
        moments[mask] = sum((cumulants[block] * moments[mask ^ block] for block in blocks), zero)
    return jnp.stack([moments[key] if isinstance(key, int) else moment_of[key.mask].mean(axis=0) for key in subsets])


#: For every subset, the terms of its cumulant: the rows of a group of neurons, and the blocks of a partition.
Terms = tuple[tuple[int, tuple[tuple[int, int, tuple[int, ...]], ...]], ...]


def cumulant_terms(net: Architecture, components: Components, subsets: tuple[Any, ...]) -> tuple[Terms, Array]:
    """sum_i kappa[a_i h_i(x_k), k in S] for all S as a sum of products of neuron moments: the terms, and their weights.

    A term is sum_i prod_B m_B(i) over the rows i of a group; its weight has the amplitude moments, which are computed
    here, before anything is compiled, as a law may need plain numbers for them.
    """
    found, weights = [], []
    for mask in _closure(label for label in subsets if isinstance(label, int)):
        parts, first = [], 0
        for group in net.amplitude_groups():
            rows = (first, first + group.neurons)
            first += group.neurons
            for partition in set_partitions(mask.bit_count()):
                blocks = tuple(_embed(block, mask) for block in partition)
                amplitudes = [group.moment(tuple(components[k] for k in members(block))) for block in blocks]
                weight = cumulant_weight(len(blocks)) * math.prod(amplitudes)
                if weight:
                    parts.append((*rows, blocks))
                    weights.append(weight * net.width ** (-mask.bit_count() / 2.0))
        found.append((mask, tuple(parts)))
    return tuple(found), np.array(weights)


def _closure(masks: Iterable[int]) -> tuple[int, ...]:
    """All nonempty subsets of the given ones, in increasing order."""
    found: set[int] = set()
    for mask in masks:
        part = mask
        while part:
            found.add(part)
            part = (part - 1) & mask
    return tuple(sorted(found))


def _embed(block: int, mask: int) -> int:
    """A subset of {0..|mask|-1} as a subset of the members of `mask`."""
    where = members(mask)
    return sum(1 << where[k] for k in members(block))
