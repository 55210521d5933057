"""Correlators of a theory along one axis of space and against its width: exact curves, and Monte Carlo on top."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nnqft_ppl.correlation.exact import exact_correlator
from nnqft_ppl.correlation.periodogram import periodogram
from nnqft_ppl.reports.correlators import correlators, default_estimators
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.sampling.networks import field_draws
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.generic import generic_points

REACH = 6.0  # of separations in units of `length`, and of momenta in units of 1/`length`
CURVE = 61  # points of a curve
MARKS = np.linspace(0.0, REACH, 9)[1:-1]  # separations of Monte Carlo points
WIDTHS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000)  # of curves against N
WIDE = 100  # of the second Monte Carlo point against N, beside that at the theory's own width
NETWORKS, SHOWN = 4096, 6  # networks of a spectrum, and of the picture of fields
WINDOW, SPACING = 8.0, 0.05  # of the spectrum by draws, in units of `length`: pi/SPACING is far beyond REACH
FAINT = 1e-3  # of the largest power: less of it is leakage of the window's edges


class Curve(NamedTuple):
    """An exact curve, empty where there is none, and estimates at some places with their standard errors."""

    x: Array
    exact: Array
    places: Array
    estimate: Array
    mcse: Array
    expected: Array  #: what the estimates are to be, where that is not the curve itself
    estimator: str = ""


class Fields(NamedTuple):
    """Draws of the field along the first axis, shape (draws, points)."""

    x: Array
    phi: Array


def along(net: Architecture, r: Array) -> Array:
    """Points (len(r), d) on the first axis."""
    x = np.zeros((len(r), net.dim))
    x[:, 0] = r
    return x


def drawn_fields(net: Architecture, seed: int) -> Fields:
    """A few fields of independent networks, the first component of each.

    Raises
    ------
    InputError
        for a theory without an exact sampler.
    """
    count = round(2 * 5.5 * WINDOW / SPACING)  # as many points as a spectrum takes, which shares the compiled program
    x = REACH * net.length * np.linspace(-1.0, 1.0, count)
    phi = field_draws(net, along(net, x), draws=SHOWN, seed=seed)[:, :, 0]
    return Fields(x[::4], phi[:, ::4])


def correlator_table(net: Architecture, draws: int, seed: int) -> pd.DataFrame:
    """G2(0, r) and the connected G4(0, r, 0, r) at a few separations, and at four generic points the last rows.

    Exactly, and by the estimator that suits the theory.
    """
    x = along(net, MARKS * net.length)
    configurations = np.concatenate([np.stack([0.0 * x, x, 0.0 * x, x], axis=1), generic_points(net)[None]])
    names = [name for name in default_estimators(net, (2, 4), ("full", "connected")) if name != "chain"]
    if not names:
        net.check_ancestral()
    return correlators(net, configurations, estimators=names, draws=draws, seed=seed)


def two_point(net: Architecture, table: pd.DataFrame | None) -> Curve:
    """G2(0, r) with the estimates of the table.

    Raises
    ------
    InputError
        where there is neither a closed form nor an estimate.
    """
    r = np.linspace(0.0, REACH, CURVE) * net.length
    try:
        exact = exact_two_point(net, r)
    except InputError:
        if table is None:
            raise
        exact = np.full(len(r), np.nan)
    rows: Any = None
    if table is not None:
        rows = table[(table["order"] == 2) & (table["kind"] == "full") & (table["configuration"] < len(MARKS))]
    return _with_estimates(r, exact, MARKS * net.length, rows)


def exact_two_point(net: Architecture, r: Array) -> Array:
    """G2 between the origin and points on the first axis."""
    x = along(net, r)
    return exact_correlator(net, np.stack([0.0 * x, x], axis=1))


def spectrum(net: Architecture, seed: int) -> Curve:
    """G(p) along the first axis, and the windowed power of draws where the theory lives on the line.

    Raises
    ------
    NoClosedForm
        where the card has no power spectrum.
    """
    p = np.linspace(0.0, REACH, CURVE) / net.length
    exact = net.power_spectrum(along(net, p))
    nothing = np.empty(0)
    if net.dim > 1 or net.component_count > 1 or not net.ancestral:
        return Curve(p, exact, nothing, nothing, nothing, nothing)
    marks = MARKS / net.length
    marks = marks[net.power_spectrum(along(net, marks)) > FAINT * exact.max()]
    sizes: Any = {"length": WINDOW * net.length, "spacing": SPACING * net.length}
    found = periodogram(net, marks, **sizes, draws=NETWORKS, seed=seed + 1)
    return Curve(p, exact, marks, found.estimate, found.mcse, found.expected, "draws of the field")


def against_width(net: Architecture, table: pd.DataFrame | None, draws: int, seed: int) -> Curve:
    """The connected G4 at four generic points against N, with the estimate of the table and one of a wide network.

    Raises
    ------
    InputError
        for a theory of fixed width, or where there is neither a closed form nor an estimate.
    """
    try:
        replace(net, width=WIDE)
    except InputError:
        raise InputError(f"{type(net).__name__} has a fixed width, N = {net.width}") from None
    x = generic_points(net)
    widths = np.array(WIDTHS)
    try:
        exact = four_point(net, widths, x)
    except InputError:
        exact = np.full(len(widths), np.nan)
    if table is None:
        if np.isnan(exact).all():
            four_point(net, widths, x)
        return _with_estimates(widths.astype(float), exact, np.empty(0), None)
    own: Any = table[(table["order"] == 4) & (table["kind"] == "connected") & (table["configuration"] == len(MARKS))]
    own = own[own["estimator"] != "exact"]
    names = list(own["estimator"])
    if names:
        request: Any = {"orders": [4], "kinds": ["connected"], "estimators": names, "draws": draws, "seed": seed + 1}
        own = pd.concat([own, correlators(replace(net, width=WIDE), x[None], **request)])
    return _with_estimates(widths.astype(float), exact, np.array([net.width, WIDE], float), own)


def four_point(net: Architecture, widths: Array, x: Array) -> Array:
    """The connected four-point function at points (4, d) for several widths."""
    return np.array([float(exact_correlator(replace(net, width=int(n)), x, "connected")) for n in widths])


def _with_estimates(x: Array, exact: Array, places: Array, rows: Any) -> Curve:
    nothing = np.empty(0)
    drawn = None if rows is None else rows[rows["estimator"] != "exact"]
    if drawn is None or not len(drawn):
        return Curve(x, exact, nothing, nothing, nothing, nothing)
    estimate, mcse, expected = (drawn[name].to_numpy(float) for name in ("estimate", "mcse", "exact"))
    return Curve(x, exact, places, estimate, mcse, expected, str(drawn["estimator"].iloc[0]))
