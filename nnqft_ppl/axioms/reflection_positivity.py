"""Verdicts on reflection positivity of the two-point function, (13)-(16); products of fields are in `products`.

Deterministic kernels come first. A negative eigenvalue is a proof of failure. The two-point function passes where it is
positive on a grid in all coordinates, at fixed momenta and by its exponent at tau = 0. A theory without a kernel can
only be caught by draws, never cleared.
"""

import contextlib
import itertools

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.axioms.gram import Positivity, field_gram, positivity, two_point_kernels
from nnqft_ppl.axioms.imaginary_time import cutoff_tolerance, kink_exponent, rho
from nnqft_ppl.axioms.sampled import sampled_verdict
from nnqft_ppl.axioms.symmetries import SHIFT, TOLERANCE
from nnqft_ppl.axioms.verdicts import Outcome, Verdict
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError, NoClosedForm
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.generic import generic_points

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

    All components of the field and all coordinates of space enter. A theory with a momentum cutoff violates the axiom
    at times of the order of 1/Lambda, always. Its verdict is that of rho(p, tau) within the bound of
    `cutoff_tolerance`: ``up to cutoff``.
    """
    try:
        homogeneous = _homogeneous(net)
        verdicts = [_kink(net)] if homogeneous else []
        if _uncut_is_positive(net):
            momenta = _momenta(net, regulated=True)
            excused = bool(momenta) and all(verdict.outcome != "fail" for verdict in momenta)
            return [_excuse(verdict, excused) for verdict in verdicts] + momenta
        points, unit = half_space(net), net.length
        matrix = field_gram(net, points)
        verdicts.append(positivity_verdict(LINEAR, "Gram matrix", positivity(matrix)))
        steps = positivity(matrix - field_gram(net, points, STEP * unit))  # `hausdorff_gram` of all components
        verdicts.append(positivity_verdict(LINEAR, "Hausdorff", steps))
        return verdicts + (_momenta(net) if net.dim > 1 and homogeneous else [])
    except NoClosedForm:
        return [sampled_verdict(net, LINEAR, linear_points(net), (1,), draws=draws, seed=seed)]


def linear_points(net: Architecture) -> Array:
    """Points on the axis of time for tests by draws: few enough for the draws to know the direction."""
    return net.length * TIMES[::2, None] * np.eye(1, net.dim)


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


def _homogeneous(net: Architecture) -> bool:
    """Does the two-point function depend on differences alone? By what it says, whatever the card claims."""
    x = generic_points(net)
    here, there = x[:, None], x[None, :]
    for kernel in two_point_kernels(net).values():
        values = kernel(here[:2], there[:, 2:])
        moved = kernel(here[:2] + SHIFT * net.length, there[:, 2:] + SHIFT * net.length)
        if np.any(np.abs(moved - values) > TOLERANCE * np.abs(values).max()):
            return False
    return True


def _kink(net: Architecture) -> Verdict:
    axis, zero = np.eye(1, net.dim)[0], np.zeros(net.dim)
    cut = np.isfinite(net.momentum_cutoff)
    shortest = min(net.length, 1.0 / net.momentum_cutoff) if cut else net.length
    exponents = [np.nan]
    for (k, l), kernel in two_point_kernels(net).items():
        if k == l:
            with contextlib.suppress(InputError):  # infinite at a point
                exponents.append(kink_exponent(lambda tau, g=kernel: g(tau[:, None] * axis, zero), shortest))
    exponent = float(np.fmax.reduce(exponents))
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


def positivity_verdict(axiom: str, test: str, found: Positivity) -> Verdict:
    """The lowest eigenvalue in units of the norm of its matrix, if that is not zero."""
    outcome: Outcome = "pass" if found.holds else "fail"
    norm = found.norm or 1.0
    return Verdict(axiom, test, outcome, found.lowest / norm, -found.tolerance / norm)
