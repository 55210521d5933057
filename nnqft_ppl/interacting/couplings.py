"""The action of a network, S = -log P[phi] on a few points, from its connected correlators, and back: arXiv:2307.03223.

    S = sum g2_ij phi_i phi_j + sum g4_ijkl phi_i phi_j phi_k phi_l + sum g6_.. phi^6 + ...

P[phi] is the Fourier transform of exp(W), so connected correlators are to the couplings what couplings are to connected
correlators: Feynman rules with the propagator K^-1 and the vertices -kappa_4, kappa_6 give S, and with the propagator
(2 g2)^-1 and the vertices 4! g4, 6! g6 they give the correlators back. It is an expansion in 1/N for independent
neurons, as kappa_4 ~ 1/N and kappa_6 ~ 1/N^2: one power has one kappa_4 (the tree, and the first loop of the mass), two
powers have all diagrams of two kappa_4 or one kappa_6. On one point the first is g4 = -kappa_4/(4! kappa_2^4).
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.correlation.exact import exact_correlator
from nnqft_ppl.correlation.field_laws import transform
from nnqft_ppl.runtime.arrays import Array, check_points
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture

MOST_POINTS = 8  # a table of six points each has C(13, 6) rows
CONDITION = 1e10  # of the two-point function, beyond which its inverse is noise

NOTHING = 1e-16  # of the generating functional, whose sixth moments are asked for


class Couplings(NamedTuple):
    """g2 (n, n), g4 (n, n, n, n) and g6 (n, .., n) of S on n points, symmetric, without factorials."""

    two: Array
    four: Array
    six: Array


class Cumulants(NamedTuple):
    """Connected two-, four- and six-point functions on n points, or what stands for them in an action."""

    two: Array
    four: Array
    six: Array


def couplings(net: Architecture, points: ArrayLike, powers: int = 2) -> Couplings:
    """The couplings g2, g4, g6 of S = -log P[phi] on n points, to so many powers of 1/N; errors as for `cumulants`."""
    return couplings_of(cumulants(net, points), check_powers(powers))


def check_powers(powers: int) -> int:
    """`powers` if there are diagrams for it."""
    if powers not in (0, 1, 2):
        raise InputError(f"powers must be 0, 1 or 2, got {powers}")
    return powers


def cumulants(net: Architecture, points: ArrayLike) -> Cumulants:
    """The exact connected correlators of the field on n points, as symmetric arrays.

    Raises
    ------
    NoClosedForm
        where the card has no closed neuron moments, or the theory has data, a source or an action.
    InputError
        for a field of several components or with odd correlators, too many points, or points too close to each other.
    """
    x = check_points(points, net.dim)
    if net.component_count > 1:
        raise InputError(f"action: the field must have one component, got {net.component_count}")
    if len(x) > MOST_POINTS:
        raise InputError(f"action: points must be at most {MOST_POINTS}, got {len(x)}")
    odd = [np.abs(_symmetric(net, x, n)).max() for n in (1, 3)]
    if max(odd) > 0:
        raise InputError(f"action: odd correlators must vanish, got one- or three-point functions up to {max(odd):.3g}")
    found = Cumulants(*(_symmetric(net, x, n) for n in (2, 4, 6)))
    condition = float(np.linalg.cond(found.two))
    if not condition < CONDITION:
        raise InputError(f"action: points must be so far apart that G2 has an inverse, got a condition {condition:.2g}")
    return found


def _symmetric(net: Architecture, x: Array, n: int) -> Array:
    """The connected n-point function at all choices of n of the points: each set of points once."""
    rows = np.array(list(itertools.combinations_with_replacement(range(len(x)), n)))
    values = exact_correlator(net, x[rows], "connected")
    table = np.zeros((len(x),) * n)
    for row, value in zip(rows, values, strict=True):
        for places in set(itertools.permutations(row)):
            table[places] = value
    return table


def couplings_of(found: Cumulants, powers: int = 2) -> Couplings:
    """The couplings of given connected correlators: diagrams of W, with the propagator K^-1 and i^n kappa_n."""
    inverse = np.linalg.inv(found.two)
    two, four, six = diagrams(Cumulants(inverse, -found.four, found.six), powers)
    return Couplings(two / 2, -four / math.factorial(4), six / math.factorial(6))


def cumulants_of(given: Couplings, powers: int = 2) -> Cumulants:
    """The connected correlators of given couplings: Feynman rules, to so many powers of 1/N."""
    propagator = np.linalg.inv(2 * given.two)
    return diagrams(Cumulants(propagator, math.factorial(4) * given.four, math.factorial(6) * given.six), powers)


def diagrams(action: Cumulants, powers: int) -> Cumulants:
    """Connected functions of exp(-phi D^-1 phi/2 - u4 phi^4/4! - u6 phi^6/6!): all diagrams up to a power of 1/N.

    u4 counts as one power and u6 as two; D, u4, u6 are given as ``two``, ``four``, ``six``.
    """
    d, u, v = action
    if powers == 0:
        return Cumulants(d, np.zeros_like(u), np.zeros_like(v))
    tadpole = np.einsum("ijkl,kl->ij", u, d)
    first = -d @ tadpole @ d / 2
    one = -u
    if powers == 1:
        return Cumulants(d + first, _legs(one, [d] * 4), np.zeros_like(v))
    sunset = np.einsum("iabc,ad,be,cf,defj->ij", u, d, d, d, u, optimize=True)
    double = np.einsum("ijabcd,ab,cd->ij", v, d, d, optimize=True)
    cactus = np.einsum("ijkl,kl->ij", u, first)  # a loop of the corrected propagator
    mass = sunset / 6 - double / 8 - cactus / 2
    second = d @ mass @ d - d @ tadpole @ first / 2
    bubble = np.einsum("ijab,ac,bd,cdkl->ijkl", u, d, d, u, optimize=True)
    bubbles = bubble + bubble.transpose(0, 2, 1, 3) + bubble.transpose(0, 3, 2, 1)
    two = bubbles / 2 - np.einsum("ijklab,ab->ijkl", v, d) / 2
    corrected = [_legs(one, [first if k == leg else d for k in range(4)]) for leg in range(4)]
    tree = np.einsum("ijka,ab,blmn->ijklmn", u, d, u, optimize=True)
    trees = sum(tree.transpose(*np.argsort([*part, *(k for k in range(6) if k not in part)])) for part in _TRIPLES)
    return Cumulants(d + first + second, _legs(one + two, [d] * 4) + sum(corrected), _legs(trees - v, [d] * 6))


#: The ten ways to part six points into three and three.
_TRIPLES = [(0, *pair) for pair in itertools.combinations(range(1, 6), 2)]


def _legs(vertex: Array, propagators: list[Array]) -> Array:
    """A vertex with a propagator on every leg."""
    for axis, d in enumerate(propagators):
        vertex = np.moveaxis(np.tensordot(d, vertex, axes=(1, axis)), 0, axis)
    return vertex


def amputated(two: Array, four: Array) -> Array:
    """The connected four-point function on n points without its legs: -4! g4 to first order."""
    return _legs(four, [np.linalg.inv(two)] * 4)


def exact_couplings(net: Architecture, points: ArrayLike) -> Couplings:
    """The couplings about phi = 0 on one or two points, by quadrature of derivatives of the density.

    Raises
    ------
    NoClosedForm
        where the generating functional is not closed.
    InputError
        for more points, or too few neurons for a density with derivatives.
    """
    x = check_points(points, net.dim)
    if len(x) > 2:
        raise InputError(f"exact_couplings: points must be one or two, got {len(x)}")
    step, waves = transform(net, x, NOTHING)
    number = np.arange(-(len(waves) // 2), len(waves) // 2 + 1) * step
    axes = len(x)
    # P(phi) = sum_m c_m phi^m with c_m = prod_k (-i)^m_k/m_k! times the moment of Z with J^m.
    series = waves
    for _ in range(axes):
        powers = np.stack([(-1j * number) ** m / math.factorial(m) for m in range(7)], axis=1)
        series = np.tensordot(series, powers, axes=(0, 0))
    log = _log_series((series / series.flat[0]).real)
    found = []
    for n in (2, 4, 6):
        table = np.zeros((axes,) * n)
        for places in itertools.product(range(axes), repeat=n):
            counts = tuple(places.count(k) for k in range(axes))
            ways = math.factorial(n) / math.prod(map(math.factorial, counts))
            table[places] = -log[counts] / ways
        found.append(table)
    return Couplings(*found)


def _log_series(series: Array) -> Array:
    """The Taylor coefficients, up to order 6, of the log of a polynomial that begins with 1."""
    rest = series.copy()
    rest.flat[0] = 0.0
    power, total = np.zeros_like(series), np.zeros_like(series)
    power.flat[0] = 1.0
    for k in range(1, 7):
        power = _product(power, rest)
        total = total + (-1) ** (k - 1) / k * power
    return total


def _product(a: Array, b: Array) -> Array:
    """The product of two polynomials, without what is beyond the arrays."""
    result = np.zeros_like(a)
    for at in np.argwhere(a):
        ahead = tuple(slice(k, None) for k in at)
        back = tuple(slice(0, n - k) for n, k in zip(a.shape, at, strict=True))
        result[ahead] += a[tuple(at)] * b[back]
    return result
