"""Verdicts on reflection positivity of the two-point function, (13)-(16); products of fields are in `products`.

Deterministic kernels come first. A negative eigenvalue is a proof of failure. The two-point function passes where it is
positive on a grid in all coordinates, at fixed momenta and by its exponent at tau = 0. A theory without a kernel can
only be caught by draws, never cleared.
"""

import itertools

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.axioms.gram import (
    Positivity,
    hausdorff_gram,
    positivity,
    sampled_reflection,
    two_point_gram,
)
from nnqft_ppl.axioms.imaginary_time import cutoff_tolerance, kink_exponent, rho
from nnqft_ppl.axioms.verdicts import Z_LIMIT, Outcome, Verdict
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture

STEP = 0.25
TIMES: Array = STEP * np.arange(1.0, 9.0)  # of linear functionals, in units of `length`
ACROSS = (0.0, 0.5, 1.0)  # positions along two axes of space
KINK_LIMIT = 1.05  # a convex kernel has an exponent of at most 1; the rest is the finite step
QUADRATURE = 1e-10  # accuracy of rho relative to its largest value,
UNCUT = 1e-7  # and of that of a spectrum with a power tail, by adaptive quadrature

LINEAR = "reflection positivity, 2-point"


def half_space(net: Architecture) -> Array:
    """Points (P, d) at positive imaginary times, spread over two axes of space as well."""
    across = [ACROSS] * min(net.dim - 1, 2) + [(0.0,)] * max(net.dim - 3, 0)
    return net.length * np.array(list(itertools.product(TIMES, *across)))


# -- the two-point function ------------------------------------------------------------------------------------------


def linear_verdicts(net: Architecture, *, draws: int = 20_000, seed: int = 0) -> list[Verdict]:
    """Reflection positivity of the two-point function: kink exponent, Gram matrix, Hausdorff, rho at fixed momenta.

    A theory with a momentum cutoff violates the axiom at times of the order of 1/Lambda, always. Its verdict is that
    of rho(p, tau) within the bound of `cutoff_tolerance`: ``up to cutoff``.
    """
    try:
        verdicts = [_kink(net)] if "translation" in net.claims else []
        if _uncut_is_positive(net):
            momenta = _momenta(net, regulated=True)
            excused = bool(momenta) and all(verdict.outcome != "fail" for verdict in momenta)
            return [_excuse(verdict, excused) for verdict in verdicts] + momenta
        points, unit = half_space(net), net.length
        verdicts.append(positivity_verdict(LINEAR, "Gram matrix", positivity(two_point_gram(net.two_point, points))))
        steps = positivity(hausdorff_gram(net.two_point, points, STEP * unit))
        verdicts.append(positivity_verdict(LINEAR, "Hausdorff", steps))
        return verdicts + (_momenta(net) if net.dim > 1 and "translation" in net.claims else [])
    except NoClosedForm:
        return [_by_draws(net, draws, seed)]


def _uncut_is_positive(net: Architecture) -> bool:
    """Has the theory a momentum cutoff, and would its two-point function be positive without it, at fixed momenta?"""
    if not np.isfinite(net.momentum_cutoff):
        return False
    try:
        grams = [rho_gram(net, net.length * TIMES, momentum, uncut=True) for momentum in _spatial_momenta(net)]
    except NoClosedForm:
        return False
    return all(positivity(matrix, UNCUT).holds for matrix in grams)


def _spatial_momenta(net: Architecture) -> list[Array]:
    """|p| = 0 and, where there is space, 1/length."""
    return [size / net.length * np.eye(1, net.dim)[0][: net.dim - 1] for size in (0.0, 1.0)[: min(net.dim, 2)]]


def _kink(net: Architecture) -> Verdict:
    axis = np.eye(1, net.dim)[0]
    cut = np.isfinite(net.momentum_cutoff)
    shortest = min(net.length, 1.0 / net.momentum_cutoff) if cut else net.length
    try:
        exponent = kink_exponent(lambda tau: net.two_point(tau[:, None] * axis, np.zeros(net.dim)), shortest)
    except InputError:  # infinite at a point
        exponent = np.nan
    smooth = exponent > KINK_LIMIT
    detail = "rho is smooth at tau = 0, so not convex" if smooth else ""
    return Verdict(LINEAR, "kink exponent", "fail" if smooth else "pass", exponent, KINK_LIMIT, detail=detail)


def _excuse(verdict: Verdict, excused: bool) -> Verdict:
    return verdict._replace(outcome="up to cutoff") if excused and verdict.outcome == "fail" else verdict


def _momenta(net: Architecture, regulated: bool = False) -> list[Verdict]:
    """rho(p, tau_i + tau_j) at |p| = 0 and 1/length: the d-dimensional axiom, one momentum at a time."""
    times: Array = net.length * TIMES
    verdicts = []
    for momentum in _spatial_momenta(net):
        size = float(np.linalg.norm(momentum)) * net.length
        try:
            matrix = rho_gram(net, times, momentum)
        except NoClosedForm:
            return []
        verdict = positivity_verdict(LINEAR, f"rho at |p| = {size:g}", positivity(matrix, QUADRATURE))
        if regulated:
            missing = cutoff_tolerance(net, momentum)(np.add.outer(times, times))
            bound = float(np.linalg.norm(missing, 2) / np.linalg.norm(matrix, 2))
            outcome: Outcome = "up to cutoff" if verdict.statistic >= -bound else "fail"
            detail = f"|rho - free rho| makes at most {bound:.2g}"
            verdict = verdict._replace(outcome=outcome, tolerance=-bound, detail=detail)
        verdicts.append(verdict)
    return verdicts


def rho_gram(net: Architecture, times: Array, momentum: ArrayLike = (), *, uncut: bool = False) -> Array:
    """[rho(p, tau_i + tau_j)] at times (T,), shape (T, T); `uncut` as for `rho`."""
    sums, where = np.unique(np.add.outer(times, times).round(12), return_inverse=True)
    return rho(net, sums, momentum, uncut=uncut)[where].reshape(len(times), len(times))


def _by_draws(net: Architecture, draws: int, seed: int) -> Verdict:
    test = "fixed vector, draws"
    if not net.ancestral:
        return Verdict(LINEAR, test, "undecided", np.nan, -Z_LIMIT, detail="no kernel and no independent draws")
    # Points on the axis of time only: few enough for the draws to know the direction.
    found = sampled_reflection(net, net.length * TIMES[::2, None] * np.eye(1, net.dim), draws=draws, seed=seed)
    outcome: Outcome = "fail" if found.z < -Z_LIMIT else "undecided"
    detail = f"v.M.v = {found.value:.3g} +- {found.mcse:.1g}, in standard errors"
    return Verdict(LINEAR, test, outcome, found.z, -Z_LIMIT, draws=found.draws, detail=detail)


def positivity_verdict(axiom: str, test: str, found: Positivity) -> Verdict:
    """The lowest eigenvalue in units of the norm of its matrix, if that is not zero."""
    outcome: Outcome = "pass" if found.holds else "fail"
    norm = found.norm or 1.0
    return Verdict(axiom, test, outcome, found.lowest / norm, -found.tolerance / norm)
