"""Exact correlators of any order, at every width, from moments of neurons.

A field phi = sum_i a_i h_i of exchangeable neurons has

    G^(n)(x_1..x_n) = sum over partitions pi of {1..n} of N (N-1) ... (N-|pi|+1) / N^(n/2) prod_B A_|B| H_pi,

with A_k = E[(sqrt(N) a)^k] and H_pi = E[prod_B prod_(k in B) h_(i_B)(x_k)] at distinct neurons i_B. Independent neurons
factorise, H_pi = prod_B H_|B|; then the connected correlator is the joint cumulant of one neuron, N^(1-n/2) kappa_n.
That of dependent neurons follows from the full correlators of all subsets of the points; what it has beyond the joint
cumulants of single neurons, I_N, is I_IB.
A field with D components has amplitude moments that depend on the components of a block, and a few neurons may have an
amplitude law of their own: both enter through `AmplitudeGroup`.
All in float64 NumPy: no draws, no compilation, no JAX.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar, Literal, NamedTuple, Protocol, get_args

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.partitions import Polynomial, cumulant_weight, polynomial
from nnqft_ppl.runtime.arrays import Array, check_configurations
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.runtime.subsets import Partition, members, set_partitions
from nnqft_ppl.theory.amplitudes import AmplitudeGroup, Components
from nnqft_ppl.theory.conditioned import Conditioned, unconditioned

Kind = Literal["full", "connected", "I_N", "I_IB"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MAX_ORDER = 10
INSTEAD = "use correlators with the estimator reweight or chain"  # where factors leave no closed form


class Theory(Protocol):
    """What the exact engine asks of an architecture."""

    independent: ClassVar[bool]

    @property
    def width(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def component_count(self) -> int: ...
    @property
    def neuron_count(self) -> int: ...
    def amplitude_groups(self) -> tuple[AmplitudeGroup, ...]: ...
    def neuron_moment(self, points: Array) -> Array: ...
    def joint_neuron_moment(self, blocks: Sequence[Array]) -> Array: ...


def exact_correlator(
    net: Theory | Conditioned,
    configurations: ArrayLike,
    kind: Kind = "full",
    components: Sequence[int] | None = None,
) -> Array:
    """The exact n-point function of the field at finite width, (2), (4), (7)-(9), (28).

    Parameters
    ----------
    net
        A theory with closed neuron moments.
    configurations
        Shape (..., n, d): n points in R^d each, n <= 10.
    kind
        ``"full"``: E[phi(x_1)..phi(x_n)]. ``"connected"``: its joint cumulant. ``"I_N"`` (8) and ``"I_IB"`` (9): the
        parts of the connected correlator that finite width and the dependence of neurons make; they add up to it.
    components
        For a field with D components, the component (from 0) of the field at each point; all 0 by default.

    Returns
    -------
    float64 array of shape (...).

    Raises
    ------
    NoClosedForm
        where the card has no closed neuron moments, or the theory has data, a source or an action.
    InputError
        for an unknown kind, a bad shape, an order that is not supported, a component that does not exist, or an
        amplitude moment that does not exist.

    Examples
    --------
    >>> net = nq.load("cos_net", width=10)
    >>> x = np.zeros((4, 1))  # four fields at one point
    >>> float(nq.exact_correlator(net, x[:2]))  # sigma_a^2/2
    0.5
    >>> round(float(nq.exact_correlator(net, x, "connected")), 6)  # 3/(8N), (8)
    0.0375

    Dependent neurons interact at every width:

    >>> net, x = nq.load("coupled_cos_net", width=10, epsilon=0.3), [[0.0], [1.0], [2.0], [3.0]]
    >>> whole, finite, dependent = (nq.exact_correlator(net, x, kind) for kind in ("connected", "I_N", "I_IB"))
    >>> bool(np.isclose(whole, finite + dependent)), bool(dependent > 0)
    (True, True)
    """
    net = _closed(net, "exact_correlator")
    points = check_configurations(configurations, net.dim)
    n = check_order(points.shape[-2])
    check_kind(kind)
    labels = check_components(net, components, n)
    if kind == "I_N" or (kind == "connected" and net.independent):
        return from_neuron_moments(net, points, single_cumulant(net, labels))
    if kind == "full" and net.independent:
        return from_neuron_moments(net, points, full_correlator(net, labels))
    if kind == "full":
        return _full(net, points, labels)
    if kind == "connected":
        return _connected(net, points, labels)
    return np.zeros(points.shape[:-2]) if net.independent else _independence_breaking(net, points, labels)


def _closed(net: Theory | Conditioned, verb: str) -> Theory:
    return unconditioned(net, verb, INSTEAD, NoClosedForm)


def check_order(n: int) -> int:
    """`n` if correlators of that order are supported; the sum has Bell(n) terms."""
    if not 1 <= n <= MAX_ORDER:
        raise InputError(f"order must be between 1 and {MAX_ORDER}, got {n}")
    return n


def check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise InputError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")


def check_components(net: Theory, components: Sequence[int] | None, n: int) -> Components:
    """One component for each of `n` points; all 0 by default."""
    labels = (0,) * n if components is None else tuple(components)
    if len(labels) != n or not all(0 <= k < net.component_count for k in labels):
        rule = f"{n} numbers between 0 and {net.component_count - 1}"
        raise InputError(f"components must be {rule} ({type(net).__name__}), got {labels}")
    return labels


def full_correlator(net: Theory, components: Components) -> Polynomial:
    """G^(n) of independent neurons as a polynomial in the moments of one neuron."""
    return polynomial(len(components), _full_weight(net, components))


def single_cumulant(net: Theory, components: Components) -> Polynomial:
    """sum_i N^(-n/2) kappa_n of neuron i's sqrt(N) a_i h_i(x_k), as a polynomial in its moments: I_N, (8) at n = 4."""
    return polynomial(len(components), _single_weight(net, components))


def from_neuron_moments(net: Theory, points: Array, terms: Polynomial) -> Array:
    """Evaluate a polynomial at the exact moments of one neuron."""
    if not terms.subsets:  # every term vanishes: odd orders of an even law
        return np.zeros(points.shape[:-2])
    moments = [net.neuron_moment(points[..., members(mask), :]) for mask in terms.subsets]
    return terms.value(np.stack(moments))


def exact_neuron(net: Theory | Conditioned, points: ArrayLike, indices: Sequence[int]) -> Array:
    """Neuron correlators H_(i_1..i_n)(x_1..x_n) = E[h_(i_1)(x_1)..h_(i_n)(x_n)], (3), (5), (19), (23).

    Parameters
    ----------
    net
        A theory with closed neuron moments.
    points
        Shape (..., n, d).
    indices
        The neuron (from 0) of each of the n points: (0, 0, 1, 1) is H_iijj with i != j.

    Returns
    -------
    float64 array of shape (...).

    Raises
    ------
    NoClosedForm
        where the card has no closed neuron moments, or the theory has data, a source or an action.
    InputError
        for a bad shape, or indices that are not one neuron of the theory for each point.

    Examples
    --------
    At one point H_iiii is the mean of cos^4 of a uniform phase, 3/8, and H_iijj that of cos^2 squared, 1/4.

    >>> net, x = nq.load("cos_net"), np.zeros((4, 1))
    >>> float(nq.exact_neuron(net, x, (0, 0, 0, 0))), float(nq.exact_neuron(net, x, (0, 0, 1, 1)))
    (0.375, 0.25)
    """
    net = _closed(net, "exact_neuron")
    x = check_configurations(points, net.dim, "points")
    if len(indices) != x.shape[-2]:
        raise InputError(f"indices must name one neuron for each of the {x.shape[-2]} points, got {tuple(indices)}")
    if not all(0 <= i < net.neuron_count for i in indices):
        raise InputError(f"indices must be between 0 and {net.neuron_count - 1}, got {tuple(indices)}")
    blocks = [x[..., [k for k, j in enumerate(indices) if j == i], :] for i in dict.fromkeys(indices)]
    return net.joint_neuron_moment(blocks)


def exact_mixed(
    net: Theory | Conditioned,
    field_points: ArrayLike,
    neuron_points: ArrayLike,
    components: Sequence[int] | None = None,
) -> Array:
    """Mixed field-neuron correlators E[phi(x_1)..phi(x_m) h_i(y_1)..h_i(y_k)] for one neuron i (of the first group).

    Expanding the fields by (1) gives a sum over partitions of the x, one block of which (perhaps empty) sits on neuron
    i. The paper's discussion expects new predictions from them.

    Parameters
    ----------
    net
        A theory with closed neuron moments.
    field_points, neuron_points
        Shapes (..., m, d) and (..., k, d), m + k <= 10; leading shapes broadcast.
    components
        For a field with D components, the component (from 0) of the field at each of the m points; all 0 by default.

    Returns
    -------
    float64 array of the broadcast leading shape. Subtract ``G^(m) * H_i..i`` for the connected part.

    Raises
    ------
    NoClosedForm
        where the card has no closed neuron moments, or the theory has data, a source or an action.
    InputError
        for a bad shape, an order that is not supported, a component or an amplitude moment that does not exist.

    Examples
    --------
    For independent neurons E[phi phi h_i h_i] = G2 H_ii + (sigma_a^2/N)(H_iiii - H_ii^2), at one point 1/4 + 1/(8N):

    >>> net, x = nq.load("cos_net", width=10), np.zeros((2, 1))
    >>> round(float(nq.exact_mixed(net, x, x)), 6)
    0.2625
    """
    net = _closed(net, "exact_mixed")
    x = check_configurations(field_points, net.dim, "field_points")
    y = check_configurations(neuron_points, net.dim, "neuron_points")
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x = np.broadcast_to(x, batch + x.shape[-2:])
    y = np.broadcast_to(y, batch + y.shape[-2:])
    m = check_order(x.shape[-2])
    check_order(m + y.shape[-2])
    labels = check_components(net, components, m)
    first, *rest = _by_block(net.amplitude_groups(), labels)
    remaining = (first._replace(neurons=first.neurons - 1), *rest)
    total = np.zeros(batch)
    # Element m of the partition stands for all the points of neuron i; its block carries one amplitude fewer.
    for partition in set_partitions(m + 1):
        own = next(block for block in partition if block >> m & 1)
        others = tuple(block for block in partition if block is not own)
        weight = _placed(remaining, others) * first.moment(own ^ 1 << m)
        if weight != 0.0:
            fields_on_own = x[..., members(own ^ 1 << m), :]
            blocks = [np.concatenate([fields_on_own, y], axis=-2), *(x[..., members(block), :] for block in others)]
            total = total + weight * net.width ** (-m / 2.0) * net.joint_neuron_moment(blocks)
    return total


def _full(net: Theory, points: Array, components: Components, least: int = 1) -> Array:
    """The full correlator of dependent neurons, partition by partition; those into `least` blocks or more."""
    total, weight_of = np.zeros(points.shape[:-2]), _full_weight(net, components)
    for partition in set_partitions(len(components)):
        weight = weight_of(partition) if len(partition) >= least else 0.0
        if weight != 0.0:
            blocks = [points[..., members(block), :] for block in partition]
            total = total + weight * net.joint_neuron_moment(blocks)
    return total


def _connected(net: Theory, points: Array, components: Components, least: int = 1) -> Array:
    """The joint cumulant of dependent neurons' fields, from the full correlators of all subsets of the points.

    The full correlator of all points enters with its partitions into `least` blocks or more only.
    """
    n = len(components)

    def full(chosen: list[int]) -> Array:
        few = least if len(chosen) == n else 1
        return _full(net, points[..., chosen, :], tuple(components[k] for k in chosen), few)

    terms = polynomial(n, lambda partition: cumulant_weight(len(partition)))
    return terms.value(np.stack([full(members(mask)) for mask in terms.subsets]))


def _independence_breaking(net: Theory, points: Array, components: Components) -> Array:
    """The connected correlator without the joint cumulants of single neurons, (9) at n = 4.

    Both have all points on one neuron alike: A_n H_n is left out of both, as A_n need not exist.
    """
    weight = _single_weight(net, components)
    single = polynomial(len(components), lambda partition: weight(partition) if len(partition) > 1 else 0.0)
    return _connected(net, points, components, least=2) - from_neuron_moments(net, points, single)


class _Group(NamedTuple):
    """As `AmplitudeGroup`, with moments of the points of a block, each computed once."""

    neurons: int
    moment: Callable[[int], float]


def _by_block(groups: Sequence[AmplitudeGroup], components: Components) -> list[_Group]:
    def of(group: AmplitudeGroup) -> _Group:
        return _Group(group.neurons, cache(lambda block: group.moment(tuple(components[k] for k in members(block)))))

    return [of(group) for group in groups]


def _placed(groups: Sequence[_Group], partition: Partition) -> float:
    """sum over ways to put the blocks on distinct neurons of prod_B E[prod_(k in B) sqrt(N) a_(c_k)].

    Block by block: the ways so far are told apart by how many neurons of each group they have taken, no more.
    """
    ways = {(0,) * len(groups): 1.0}
    for block in partition:
        further: dict[tuple[int, ...], float] = {}
        for taken, weight in ways.items():
            for g, group in enumerate(groups):
                grown = weight * (group.neurons - taken[g])
                if grown and (moment := group.moment(block)):
                    key = (*taken[:g], taken[g] + 1, *taken[g + 1 :])
                    further[key] = further.get(key, 0.0) + grown * moment
        ways = further
    return sum(ways.values())


def _full_weight(net: Theory, components: Components) -> Callable[[Partition], float]:
    """The weight of a partition in the full correlator."""
    groups, scale = _by_block(net.amplitude_groups(), components), net.width ** (-len(components) / 2.0)
    return lambda partition: scale * _placed(groups, partition)


def _single_weight(net: Theory, components: Components) -> Callable[[Partition], float]:
    """The weight of a partition in the joint cumulants of single neurons."""
    groups, scale = _by_block(net.amplitude_groups(), components), net.width ** (-len(components) / 2.0)

    def weight(partition: Partition) -> float:
        amplitudes = sum(group.neurons * math.prod(map(group.moment, partition)) for group in groups)
        return scale * cumulant_weight(len(partition)) * amplitudes

    return weight
