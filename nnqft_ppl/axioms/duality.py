"""Large-N duality (34), (S10)-(S15): two theories that share their Gaussian limit, and how to tell them apart at N.

Theories of independent neurons with one two-point function are the same Gaussian theory at N = infinity. At finite
width their four-point functions differ, perhaps their symmetries; how many draws of the fields show it follows from the
variance of one draw's contribution to G4c, an eight-point function.
"""

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.axioms.symmetries import asked, exact_verdict
from nnqft_ppl.axioms.verdicts import Z_LIMIT
from nnqft_ppl.correlation.exact import INSTEAD, exact_correlator
from nnqft_ppl.correlation.mixed import PAIRINGS
from nnqft_ppl.runtime.arrays import Array, check_points, few_lines, html_table
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, unconditioned
from nnqft_ppl.theory.generic import generic_points, independent_pairs

ROUNDING = 1e-12  # of an odd correlator that vanishes
SAME = 1e-9  # relative difference of two-point functions that are one


class Duality(NamedTuple):
    """How two theories compare at finite and at infinite width."""

    two_point_gap: float  #: largest relative difference of G2 over pairs of the points
    four_point_gap: float  #: difference of G4c at the points, relative to the first theory's Wick part
    symmetries: tuple[str, ...]  #: those that one has and the other lacks
    draws: float  #: of each field, for a difference of G4c of 5 standard errors

    __repr__ = few_lines
    _repr_html_ = html_table

    @property
    def dual(self) -> bool:
        """Are the two theories one at N = infinity?"""
        return self.two_point_gap <= SAME


def duality(one: Model, other: Model, points: ArrayLike) -> Duality:
    """Compare two theories of independent neurons at four points (4, d).

    Large-N duality, (34), (S10)-(S15): with one two-point function they are one Gaussian theory at N = infinity, and
    differ at finite width by their four-point functions and perhaps their symmetries.

    Parameters
    ----------
    one, other
        Theories of independent neurons and even fields, in one dimension d.
    points
        Shape (4, d).

    Returns
    -------
    A named tuple: ``two_point_gap``, the largest relative difference of G2 over pairs of the points;
    ``four_point_gap``, the difference of G4c in units of the first theory's G4 - G4c; ``symmetries`` that one has and
    the other lacks; and ``draws`` of each field that show the difference of G4c at 5 standard errors. ``dual`` says
    whether G2 is the same.

    Raises
    ------
    InputError
        for dependent neurons or odd correlators, where a two-point function does not decide the limit, different
        dimensions, or points that are not four.
    NoClosedForm
        where a card has no closed neuron moments, or a theory has data, a source or an action.

    Examples
    --------
    >>> one, other = (nq.load(name, width=10, sigma_b=0.8) for name in ("cos_net", "gauss_net"))
    >>> found = nq.duality(one, other, [[0.1], [0.4], [0.6], [-0.3]])
    >>> found.dual, found.symmetries
    (True, ('translation',))
    """
    one, other = (unconditioned(net, "duality", INSTEAD, NoClosedForm) for net in (one, other))
    if one.dim != other.dim:
        raise InputError(f"dim must be the same for both theories, got {one.dim} and {other.dim}")
    for net in (one, other):
        if not (independent_pairs(net) and even_field(net)):
            raise InputError(f"{type(net).__name__}: duality is asked of independent neurons and even fields")
    x = check_points(points, one.dim)
    if len(x) != 4:
        raise InputError(f"points must be four, got {len(x)}")
    pairs = x[list(itertools.product(range(4), repeat=2))]
    two = [exact_correlator(net, pairs) for net in (one, other)]
    four = [float(exact_correlator(net, x, "connected")) for net in (one, other)]
    differ = [
        symmetry
        for symmetry in asked(one)
        if symmetry in asked(other) and exact_verdict(one, symmetry).outcome != exact_verdict(other, symmetry).outcome
    ]
    wick = float(exact_correlator(one, x)) - four[0]
    gap = four[1] - four[0]
    noise = draw_variance(one, x) + draw_variance(other, x)
    draws = Z_LIMIT**2 * noise / gap**2 if gap else np.inf
    return Duality(float(np.abs(two[1] / two[0] - 1.0).max()), gap / wick, tuple(differ), draws)


def even_field(net: Architecture) -> bool:
    """Do the odd correlators vanish, (12)? As the card claims, or as G1 and G3 are at generic points."""
    if "Z2" in net.claims:
        return True
    x = generic_points(net)
    size = float(exact_correlator(net, x)) ** 0.25
    return all(abs(float(exact_correlator(net, x[:n]))) <= ROUNDING * size**n for n in (1, 3))


def interaction_width(net: Architecture, x: ArrayLike) -> float:
    """N |G4c|/(3 G2^2) with all four points at x of shape (d,): a theory is near its limit there for N far above.

    For plane waves it is one number everywhere; for Gauss-net it grows like exp(4 sigma_b^2 x^2/d), so that its
    convergence is not uniform.
    """
    points = np.tile(np.asarray(x, dtype=float), (4, 1))
    connected = float(exact_correlator(net, points, "connected"))
    return net.width * abs(connected) / (3.0 * float(exact_correlator(net, points[:2])) ** 2)


def draw_variance(net: Architecture, points: Array) -> float:
    """Variance of what one draw contributes to G4c, phi_1 phi_2 phi_3 phi_4 - sum over pairings of phi phi G2.

    All of both squares is expanded into exact correlators, up to order eight.
    """
    terms: list[tuple[tuple[int, ...], float]] = [((0, 1, 2, 3), 1.0)]
    for pairing in PAIRINGS:
        for pair, rest in (pairing, pairing[::-1]):
            terms.append((pair, -float(exact_correlator(net, points[list(rest)]))))
    twice = itertools.combinations_with_replacement(terms, 2)
    square = [((*one, *other), a * b * (1 if one is other else 2)) for (one, a), (other, b) in twice]
    return _combination(net, points, square) - _combination(net, points, terms) ** 2


def _combination(net: Architecture, points: Array, terms: list[tuple[tuple[int, ...], float]]) -> float:
    """The sum of weight * correlator of fields at some of the points, all of one order at a time."""
    total = 0.0
    for order in {len(fields) for fields, _ in terms}:
        some = [(list(fields), weight) for fields, weight in terms if len(fields) == order]
        correlators = exact_correlator(net, points[[fields for fields, _ in some]])
        total += float(np.dot([weight for _, weight in some], correlators))
    return total
