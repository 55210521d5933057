"""Exact correlators of any order, at every width, from moments of neurons.

A field phi = sum_i a_i h_i of exchangeable neurons has

    G^(n)(x_1..x_n) = sum over partitions pi of {1..n} of N (N-1) ... (N-|pi|+1) / N^(n/2) prod_B A_|B| H_pi,

with A_k = E[(sqrt(N) a)^k] and H_pi = E[prod_B prod_(k in B) h_(i_B)(x_k)] at distinct neurons i_B. Independent neurons
factorise, H_pi = prod_B H_|B|; then the connected correlator is the joint cumulant of one neuron, N^(1-n/2) kappa_n.
All in float64 NumPy: no draws, no compilation, no JAX.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Protocol, get_args

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.errors import InputError
from nnqft_ppl.partitions import (
    Polynomial,
    cumulant_weight,
    falling_factorial,
    members,
    polynomial,
    set_partitions,
)
from nnqft_ppl.points import Array, check_configurations

Kind = Literal["full", "connected", "I_N", "I_IB"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MAX_ORDER = 10


class Theory(Protocol):
    """What the exact engine asks of an architecture."""

    independent: ClassVar[bool]

    @property
    def width(self) -> int: ...
    @property
    def dim(self) -> int: ...
    def amplitude_moment(self, k: int) -> float: ...
    def neuron_moment(self, points: Array) -> Array: ...
    def joint_neuron_moment(self, blocks: Sequence[Array]) -> Array: ...


def exact_correlator(net: Theory, configurations: ArrayLike, kind: Kind = "full") -> Array:
    """The exact n-point function of the field at finite width, (2), (4), (7)-(9).

    Parameters
    ----------
    net
        A theory with closed neuron moments.
    configurations
        Shape (..., n, d): n points in R^d each, n <= 10.
    kind
        ``"full"``: E[phi(x_1)..phi(x_n)]. ``"connected"``: its joint cumulant. ``"I_N"`` (8) and ``"I_IB"`` (9): the
        parts of the connected correlator that finite width and the dependence of neurons make; they add up to it.

    Returns
    -------
    float64 array of shape (...).

    Raises
    ------
    NoClosedForm
        where the card has no closed neuron moments.
    InputError
        for an unknown kind, a bad shape, an order that is not supported, or an amplitude moment that does not exist.
    """
    points = check_configurations(configurations, net.dim)
    n = check_order(points.shape[-2])
    check_kind(kind)
    if kind == "I_N" or (kind == "connected" and net.independent):
        return from_neuron_moments(net, points, single_cumulant(net, n))
    if kind == "I_IB":
        return np.zeros(points.shape[:-2]) if net.independent else _independence_breaking(net, points)
    if kind == "connected":
        return from_neuron_moments(net, points, single_cumulant(net, n)) + _independence_breaking(net, points)
    if net.independent:
        return from_neuron_moments(net, points, full_correlator(net, n))
    total = np.zeros(points.shape[:-2])
    for partition in set_partitions(n):
        weight = _full_weight(net, n, [block.bit_count() for block in partition])
        if weight != 0.0:
            total = total + weight * _joint(net, points, partition)
    return total


def check_order(n: int) -> int:
    """`n` if correlators of that order are supported; the sum has Bell(n) terms."""
    if not 1 <= n <= MAX_ORDER:
        raise InputError(f"order must be between 1 and {MAX_ORDER}, got {n}")
    return n


def check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")


def full_correlator(net: Theory, n: int) -> Polynomial:
    """G^(n) of independent neurons as a polynomial in the moments of one neuron."""
    return polynomial(n, lambda sizes: _full_weight(net, n, sizes))


def single_cumulant(net: Theory, n: int) -> Polynomial:
    """N^(1-n/2) kappa_n of one neuron's ahat h(x_k), as a polynomial in its moments: I_N, (8) at n = 4."""

    def weight(sizes: list[int]) -> float:
        return net.width ** (1.0 - n / 2.0) * cumulant_weight(len(sizes)) * _amplitudes(net, sizes)

    return polynomial(n, weight)


def from_neuron_moments(net: Theory, points: Array, terms: Polynomial) -> Array:
    """Evaluate a polynomial at the exact moments of one neuron."""
    if not terms.subsets:  # every term vanishes: odd orders of an even law
        return np.zeros(points.shape[:-2])
    moments = [net.neuron_moment(points[..., members(mask), :]) for mask in terms.subsets]
    return terms.value(np.stack(moments))


def exact_neuron(net: Theory, points: ArrayLike, indices: Sequence[int]) -> Array:
    """Neuron correlators H_(i_1..i_n)(x_1..x_n) = E[h_(i_1)(x_1)..h_(i_n)(x_n)], (3), (5), (19), (23).

    `points` has shape (..., n, d); `indices` names the neuron of each point: (0, 0, 1, 1) is H_iijj with i != j.
    """
    x = check_configurations(points, net.dim, "points")
    if len(indices) != x.shape[-2]:
        raise InputError(f"indices must name one neuron for each of the {x.shape[-2]} points, got {tuple(indices)}")
    if not all(0 <= i < net.width for i in indices):
        raise InputError(f"indices must be between 0 and width - 1 = {net.width - 1}, got {tuple(indices)}")
    blocks = [x[..., [k for k, j in enumerate(indices) if j == i], :] for i in dict.fromkeys(indices)]
    return net.joint_neuron_moment(blocks)


def exact_mixed(net: Theory, field_points: ArrayLike, neuron_points: ArrayLike) -> Array:
    """Mixed field-neuron correlators E[phi(x_1)..phi(x_m) h_i(y_1)..h_i(y_k)] for one neuron i.

    Expanding the fields gives a sum over partitions of the x, one block of which (perhaps empty) sits on neuron i.

    Parameters
    ----------
    field_points, neuron_points
        Shapes (..., m, d) and (..., k, d); leading shapes broadcast.

    Returns
    -------
    float64 array of the broadcast leading shape. Subtract ``G^(m) * H_i..i`` for the connected part.
    """
    x = check_configurations(field_points, net.dim, "field_points")
    y = check_configurations(neuron_points, net.dim, "neuron_points")
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x = np.broadcast_to(x, batch + x.shape[-2:])
    y = np.broadcast_to(y, batch + y.shape[-2:])
    m = check_order(x.shape[-2])
    check_order(m + y.shape[-2])
    total = np.zeros(batch)
    # Element m of the partition stands for all the points of neuron i; its block carries one amplitude fewer.
    for partition in set_partitions(m + 1):
        own = next(block for block in partition if block >> m & 1)
        others = [block for block in partition if block is not own]
        powers = [own.bit_count() - 1, *(block.bit_count() for block in others)]
        weight = falling_factorial(net.width - 1, len(others)) * net.width ** (-m / 2.0) * _amplitudes(net, powers)
        if weight != 0.0:
            fields_on_own = x[..., members(own ^ 1 << m), :]
            blocks = [np.concatenate([fields_on_own, y], axis=-2), *(x[..., members(block), :] for block in others)]
            total = total + weight * net.joint_neuron_moment(blocks)
    return total


def _independence_breaking(net: Theory, points: Array) -> Array:
    """I_IB at any order: joint cumulants of a_i h_i spread over two or more distinct neurons; (9) at n = 4."""
    n = points.shape[-2]
    cache: dict[tuple[int, ...], Array] = {}

    def joint(blocks: tuple[int, ...]) -> Array:
        if blocks not in cache:
            cache[blocks] = _joint(net, points, blocks)
        return cache[blocks]

    total = np.zeros(points.shape[:-2])
    for partition in set_partitions(n):
        ways = falling_factorial(net.width, len(partition)) * net.width ** (-n / 2.0)
        if len(partition) == 1 or ways == 0.0:
            continue
        for grouping in set_partitions(n):
            parts = [tuple(sorted(block & group for block in partition if block & group)) for group in grouping]
            weight = ways * cumulant_weight(len(grouping))
            weight *= math.prod(_amplitudes(net, [block.bit_count() for block in part]) for part in parts)
            if weight != 0.0:
                term: Any = weight
                for part in parts:
                    term = term * joint(part)
                total = total + term
    return total


def _joint(net: Theory, points: Array, blocks: tuple[int, ...]) -> Array:
    return net.joint_neuron_moment([points[..., members(block), :] for block in blocks])


def _full_weight(net: Theory, n: int, sizes: list[int]) -> float:
    ways = falling_factorial(net.width, len(sizes))
    return ways * net.width ** (-n / 2.0) * _amplitudes(net, sizes) if ways else 0.0


def _amplitudes(net: Theory, powers: Sequence[int]) -> float:
    return math.prod(net.amplitude_moment(k) for k in powers)
