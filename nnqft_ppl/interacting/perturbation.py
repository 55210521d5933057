"""Perturbation theory about the Gaussian theory, on the nodes of an action: first and second order in it.

Connected correlators of P(theta) exp(-S) are sum_k (-1)^k/k! kappa[phi_1, .., phi_n, S, .., S], joint cumulants of the
theory without S. At N = infinity it is Gaussian, and normal-ordered vertices V = sum_j c_j(p) :phi_p^j: leave connected
diagrams alone, without a line that begins and ends at one vertex:

    first order    - sum_p w_p n! c_n(p) prod_i G(x_i, p)
    second order   1/2 sum_pq w_p w_q sum_A sum_l j! k!/l! c_j(p) c_k(q) prod_(i in A) G(x_i, p) prod_(i not in A)
                   G(x_i, q) G(p, q)^l,    j = |A| + l, k = n - |A| + l, l >= 1

with A the points that are tied to the vertex p, and l lines between p and q.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.exact import Kind, check_order
from nnqft_ppl.inference.gaussian_process import check_limit, kernel_matrix
from nnqft_ppl.interacting.wick import HIGHEST, coefficients, normal_power
from nnqft_ppl.runtime.arrays import Array, check_configurations
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.subsets import members, set_partitions
from nnqft_ppl.theory.conditioned import Model, conditioned
from nnqft_ppl.theory.expressions import Expression

HIGHEST_ORDER = 2  # in the action


class Vertices(NamedTuple):
    """The action as normal-ordered vertices: where, and w_p c_j(p)."""

    points: Array  #: (P, d)
    strengths: Array  #: (J, P)
    propagator: Array  #: G(p, q), (P, P)


def perturbation(
    model: Model, configurations: ArrayLike, *, order: int, kind: Kind = "connected", powers: int = HIGHEST_ORDER
) -> Array:
    """A correlator at N = infinity as a series in the action: its terms of order 0, 1, .. in S.

    By the diagrams of the Gaussian theory with the propagator G^(2), (10), on the nodes of the action: exact for the
    sum that `deform` has in place of the integral, with tadpoles unless the potential is normal-ordered (`wick`).

    Parameters
    ----------
    model
        A theory of independent neurons with actions whose potentials are polynomials; its width does not matter.
    configurations
        Shape (..., n, d); the correlator takes the first `order` points of each.
    order, kind
        The number of points of the correlator; ``connected`` or ``full``.
    powers
        The highest power of S, at most 2.

    Returns
    -------
    float64 array of shape (powers + 1, ...): terms of order 0, 1, .. in S, whose sum is the correlator up to there.

    Raises
    ------
    InputError
        for potentials that are no polynomials, sources, data, dependent neurons, or a field with several components.
    NoClosedForm
        where the card has no closed two-point function.

    Examples
    --------
    One node with V = g phi^4/24 at a field of variance 1/2: G4c = -g (1/2)^4 + ..

    >>> model = nq.deform(nq.load("cauchy"), "0.1*phi^4/24", [[0.0]])
    >>> series = nq.perturbation(model, np.zeros((4, 1)), order=4, powers=1)
    >>> series.round(6)
    array([ 0.     , -0.00625])
    """
    given = conditioned(model)
    if not 1 <= powers <= HIGHEST_ORDER:
        raise InputError(f"powers must be 1 or {HIGHEST_ORDER}, got {powers}")
    if kind not in ("full", "connected"):
        raise InputError(f"kind must be full or connected at N = infinity, got {kind!r}")
    if given.sources or given.observation is not None or given.unknown or given.net.component_count > 1:
        raise InputError(
            "perturbation: theory must be one field with actions alone beside P(theta); use gaussian_limit"
        )
    x = check_configurations(configurations, given.net.dim)
    if check_order(order) > x.shape[-2]:
        raise InputError(f"order must be at most {x.shape[-2]}, the points of a configuration, got {order}")
    check_limit(given.net)
    legs = x[..., :order, :]
    vertices = _vertices(given)
    tied = kernel_matrix(given.net, legs.reshape(-1, given.net.dim), vertices.points).reshape(*legs.shape[:-1], -1)
    if kind == "connected":
        return _connected(given.net, legs, tied, vertices, powers)
    cumulants: dict[int, Array] = {}
    total = np.zeros((powers + 1, *x.shape[:-2]))
    for partition in set_partitions(order):
        term = np.zeros_like(total)
        term[0] = 1.0
        for block in partition:
            if block not in cumulants:
                own = members(block)
                cumulants[block] = _connected(given.net, legs[..., own, :], tied[..., own, :], vertices, powers)
            term = _product(term, cumulants[block])
        total += term
    return total


def _vertices(model: Any) -> Vertices:
    """Every node of every action once; a polynomial at a node in normal order with the variance there."""
    points = np.concatenate([np.zeros((0, model.net.dim)), *(action.points for action in model.actions)])
    propagator = kernel_matrix(model.net, points, points) if len(points) else np.zeros((0, 0))
    strengths, start = np.zeros((HIGHEST + 1, len(points))), 0
    for action in model.actions:
        if not isinstance(action.potential, Expression):
            raise InputError("potential must be a polynomial in phi, given by its text, got a function")
        values = coefficients(action.potential)
        for k, weight in enumerate(action.weights, start):
            # phi^n = sum_j of :phi^j: is normal order backwards, with the variance negative.
            for n, value in enumerate(values):
                strengths[: n + 1, k] += weight * value * normal_power(n, -propagator[k, k])
        start += len(action.points)
    return Vertices(points, strengths, propagator)


def _connected(net: Any, legs: Array, tied: Array, vertices: Vertices, powers: int) -> Array:
    """The joint cumulant of the fields at legs (..., n, d), tied to the vertices by G (..., n, P), in powers of S."""
    n, strengths = legs.shape[-2], vertices.strengths
    found = np.zeros((powers + 1, *legs.shape[:-2]))
    if n == 2:
        found[0] = net.two_point(legs[..., 0, :], legs[..., 1, :])
    found[1] = -math.factorial(n) * tied.prod(axis=-2) @ strengths[n]
    if powers == 1:
        return found
    for chosen in range(2**n):
        first, second = members(chosen), members(2**n - 1 - chosen)
        ends = [tied[..., own, :].prod(axis=-2) for own in (first, second)]
        for lines in range(1, HIGHEST + 1 - max(len(first), len(second))):
            j, k = len(first) + lines, len(second) + lines
            if not (strengths[j].any() and strengths[k].any()):
                continue
            ways = math.factorial(j) * math.factorial(k) / math.factorial(lines)
            joined = (ends[0] * strengths[j]) @ vertices.propagator**lines
            found[2] += 0.5 * ways * (joined * ends[1] * strengths[k]).sum(axis=-1)
    return found


def _product(first: Array, second: Array) -> Array:
    """The product of two series, as far as both go."""
    parts: Sequence[Any] = [sum(first[i] * second[k - i] for i in range(k + 1)) for k in range(len(first))]
    return np.stack(parts)
