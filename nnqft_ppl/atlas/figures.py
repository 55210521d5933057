"""The pictures of a page, each with the sentence that says what it shows."""

from collections.abc import Sequence

import numpy as np

from nnqft_ppl.atlas.curves import Curve, Fields
from nnqft_ppl.atlas.fates import Classical
from nnqft_ppl.atlas.svg import Look, Picture, Series
from nnqft_ppl.axioms.verdicts import Z_LIMIT
from nnqft_ppl.runtime.arrays import Array

FIELD = "φ(x)"
NOTHING = 1e-12  # of the square of G2: a correlator that vanishes but for rounding


def fields_picture(fields: Fields) -> Picture:
    """Draws of the field along the first axis."""
    series = [Series(f"draw {k + 1}", fields.x, phi, colour=k) for k, phi in enumerate(fields.phi)]
    says = (
        f"{len(series)} fields of independent networks along the first axis, between {short(fields.phi.min())} and "
        f"{short(fields.phi.max())}."
    )
    return Picture("fields", "Draws of the field", says, "x [1/m]", FIELD, series, keyed=False)


def two_point_picture(curve: Curve) -> Picture:
    says = _course("G2(0, r)", curve.exact, curve.x, "r") + _agreement(curve)
    return Picture("two-point", "Two-point function", says, "r [1/m]", "G2(0, r)", _with_points(curve))


def spectrum_picture(curve: Curve) -> Picture:
    """The exact spectrum, and what a long window sees of it in draws."""
    says = _course("G(p)", curve.exact, curve.x, "p") + _agreement(curve)
    return Picture("spectrum", "Power spectrum", says, "p [m]", "G(p)", _with_points(curve))


def width_picture(curve: Curve) -> Picture | None:
    """|G4c| against N in decades, solid where it is positive and dashed where it is negative; None if it vanishes."""
    values = curve.exact if np.isfinite(curve.exact).any() else curve.estimate
    if not (np.abs(values) > NOTHING).any():
        return None
    series = []
    looks: tuple[tuple[float, Look, Look, str], ...] = (
        (1.0, "line", "points", "positive"),
        (-1.0, "dashed", "open points", "negative"),
    )
    for sign, lines, marks, word in looks:
        if (sign * curve.exact > 0).any():
            series.append(Series(f"exact, {word}", *_one_sign(curve.x, curve.exact, sign), lines, 0))
        if (own := sign * curve.estimate > 0).any():
            error = curve.mcse[own]
            series.append(Series(f"draws, {word}", curve.places[own], np.abs(curve.estimate[own]), marks, 1, error))
    says = f"{sign_words(curve)} {_agreement(curve).strip()}".strip()
    return Picture("width", "Interaction against width", says, "N", "|G4c|", series, log_x=True, log_y=True)


def classical_picture(found: Classical) -> Picture | None:
    """The classical neurons, where they are isolated."""
    if not found.functions.size or not np.ptp(found.functions):
        return None
    series = [Series(f"h{k + 1}", found.x, h, colour=k) for k, h in enumerate(found.functions)]
    says = f"{len(series)} classical neuron{'s' * (len(series) > 1)} h*(x), the most probable ones first."
    return Picture("classical", "Classical neurons", says, "x [1/m]", "h*(x)", series)


def sign_words(curve: Curve) -> str:
    """The sign of the connected four-point function, and where it changes with N."""
    exact = np.isfinite(curve.exact).any()
    x, values = (curve.x, curve.exact) if exact else (curve.places, curve.estimate)
    signs = np.sign(np.where(np.abs(values) > NOTHING, values, 0.0))
    kinds = set(signs) - {0.0}
    if not kinds:
        return "G4c vanishes at every width."
    if len(kinds) == 1:
        return f"G4c is {'positive' if kinds == {1.0} else 'negative'} at every width."
    change = int(np.argmax(signs[1:] * signs[:-1] < 0))
    first, then = ("positive", "negative") if signs[change] > 0 else ("negative", "positive")
    return f"G4c is {first} up to N = {x[change]:.0f} and {then} from N = {x[change + 1]:.0f}."


def short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _one_sign(x: Array, values: Array, sign: float) -> tuple[Array, Array]:
    """The part of a curve with one sign, in absolute values."""
    return x, np.where(sign * values > 0, np.abs(values), np.nan)


def _with_points(curve: Curve) -> list[Series]:
    found = [Series("exact", curve.x, curve.exact)] if np.isfinite(curve.exact).any() else []
    if len(curve.places):
        name = f"{curve.estimator}, with standard errors"
        found.append(Series(name, curve.places, curve.estimate, "points", 1, curve.mcse))
    return found


def _course(name: str, values: Array, x: Array, symbol: str) -> str:
    """From where to where a curve goes."""
    if not np.isfinite(values).any():
        return f"{name} has no closed form: draws only."
    ends = [(short(values[k]), short(x[k])) for k in (0, -1)]
    return f"{name} goes from {ends[0][0]} at {symbol} = {ends[0][1]} to {ends[1][0]} at {symbol} = {ends[1][1]}."


def _agreement(curve: Curve) -> str:
    """How far the estimates are from what they are to be."""
    known = np.isfinite(curve.expected) & (curve.mcse > 0)
    if not known.any():
        return ""
    z = np.abs(curve.estimate - curve.expected)[known] / curve.mcse[known]
    if z.max() > Z_LIMIT:  # far beyond chance, with a closed form that other tests hold against draws
        return (
            f" Of {len(z)} Monte Carlo points some are {z.max():.0f} standard errors off: these products have heavy "
            "tails, of which so many draws see too little, in the mean and in its error. The exact curve counts."
        )
    return f" {len(z)} Monte Carlo points lie within {z.max():.1f} standard errors of it."


def legend(series: Sequence[Series]) -> list[tuple[str, int, str]]:
    """Name, colour and look of what a picture shows."""
    return [(one.name, one.colour, one.look) for one in series]
