"""From a two-point function to its spectrum, G(p) = int d^dx exp(-ipx) K(|x|), which Bochner forbids to be negative.

Both are functions of a radius. Where such a function happens, its width and where it has fallen for good, is found by
looking (`extent`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnqft_ppl.laws.fourier import radial_fourier, resolved_panels, sphere_area
from nnqft_ppl.runtime.arrays import Array, check_rows
from nnqft_ppl.runtime.errors import InputError

Function = Callable[[Array], Any]

WIDEST = 4096.0  # widths at half maximum to which a function is followed at most
FALL = 41.0  # a two-point function is followed until it has fallen by exp(-FALL);
FARTHEST = 512.0  # its spectrum to so many inverse widths,
RESOLVED = 1e-12  # or to where it is this part of its largest value, which quadrature still determines


class Extent(NamedTuple):
    """Where a function of a radius happens: its width at half maximum, its end, and whether it jumps to zero there."""

    width: float
    end: float
    sharp: bool
    fall: float = 0.0  #: in the logarithm, from its maximum to beyond its end


def extent(function: Function, words: str, fall: float, widest: float) -> Extent:
    """Follow a non-negative function outward from 0 until it has fallen by exp(-fall), or to `widest` widths.

    Raises
    ------
    InputError
        for a function that is negative or infinite, in `words` with two places for the radius and the value; that
        takes no arrays; or that is flat.
    """
    radii = np.append(0.0, 2.0 ** np.arange(-20.0, 20.0, 0.125))
    values = values_at(function, radii)
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if bad.size or not values.max() > 0:
        k = int(bad[0]) if bad.size else 0
        raise InputError(words.format(radii[k], values[k]))
    floor, half = values.max() * np.exp(-fall), np.flatnonzero(values >= values.max() / 2)[-1]
    last = int(np.flatnonzero(values > floor)[-1])
    if last in (0, len(radii) - 1) and half in (0, len(radii) - 1):
        raise InputError(f"target must fall between {radii[1]:.1g} and {radii[-1]:.1g}, got one that does not")
    width, end, ended = float(radii[max(half, 1)]), float(radii[-1]), False
    if last < len(radii) - 1:
        end, beyond = radii[last], radii[last + 1]
        for _ in range(60):
            middle = 0.5 * (end + beyond)
            end, beyond = (middle, beyond) if values_at(function, np.array([middle]))[0] > floor else (end, middle)
        ended = end <= widest * width
    end = min(float(end), widest * width)
    at_end = float(values_at(function, np.array([end]))[0])
    fallen = float(np.log(values.max() / at_end)) if at_end > 0 else fall
    return Extent(width, end, ended and fallen < fall / 2, fall if ended else fallen)


def values_at(function: Function, at: Array) -> Array:
    """The function at an array, as float64 of the same shape."""
    try:
        with np.errstate(all="ignore"):
            values = np.asarray(function(at), dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"target must be a function of an array, got {type(error).__name__}: {error}") from error
    if values.shape != at.shape:
        raise InputError(f"target must give one number for each of an array, got shape {values.shape} for {at.shape}")
    return values


def transform_of(kernel: Function, dim: int, label: str) -> tuple[Function, str, Extent]:
    """G(p) of a function K(r) of an array of distances, with a label and where it happens; errors as `of_two_point`."""
    words = "two_point must be finite, got K(r = {:.4g}) = {:.4g}"
    found = extent(lambda r: np.abs(values_at(kernel, r)), words, FALL, WIDEST)
    if found.fall < FALL:
        raise InputError(
            f"two_point must fall faster than a power, got K = {np.exp(-found.fall):.1g} K(0) at "
            f"r = {found.end:.4g}; design from its spectrum instead"
        )
    transform = _transform(lambda r: values_at(kernel, r), found.end, dim)
    return _positive(transform, found.width, RESOLVED, label)


def _transform(kernel: Function, end: float, dim: int) -> Function:
    """p -> int d^dx exp(-ipx) K(|x|)."""
    panels = resolved_panels(kernel, end)

    def spectrum(p: Array) -> Array:
        return (2.0 * np.pi) ** dim * radial_fourier(kernel, p, dim=dim, scale=end, stop=end, edges=panels)

    return spectrum


def transform_of_rows(r: ArrayLike, k: ArrayLike, dim: int, label: str) -> tuple[Function, str, Extent]:
    """The same for rows (r, K) of a table, as far as they determine it."""
    at, values = check_rows(r, k, "two_point", "r")
    if at[0] != 0 or not values[0] > 0:
        raise InputError(f"two_point rows must begin with K > 0 at r = 0, got K(r = {at[0]:.4g}) = {values[0]:.4g}")
    from scipy.interpolate import CubicSpline

    half = np.unique([*range(0, len(at), 2), len(at) - 1])
    whole, coarse = (_transform(CubicSpline(at[i], values[i]), at[-1], dim) for i in (slice(None), half))
    width = float(at[np.flatnonzero(np.abs(values) >= values[0] / 2)[-1]] or at[1])
    p = np.append(0.0, 2.0 ** np.arange(-6.0, 6.0, 0.25)) / width
    found = whole(p)
    # A cubic spline of half the rows is off by sixteen times as much; a jump at the last row rings in p.
    noise = np.abs(found - coarse(p)).max() / 8.0 + abs(values[-1]) * sphere_area(dim) * at[-1] ** (dim - 1) * width
    return _positive(whole, width, max(noise / np.abs(found).max(), RESOLVED), label)


def _positive(transform: Function, width: float, resolved: float, label: str) -> tuple[Function, str, Extent]:
    """A transform down to `resolved` of its maximum, if it is nowhere below minus that."""
    p = np.append(0.0, 2.0 ** np.arange(-6.0, np.log2(FARTHEST), 0.125)) / width
    g = transform(p)
    floor = resolved * np.abs(g).max()
    _bochner(p, g, 4.0 * floor)
    last = int(np.flatnonzero(g > floor)[-1])
    sharp = last < len(p) - 1
    momentum_width = float(p[np.flatnonzero(g >= g.max() / 2)[-1]]) or float(p[1])

    def positive(k: Array) -> Array:
        values = transform(k)
        _bochner(k, values, 4.0 * floor)
        return np.maximum(values, floor)

    return positive, label, Extent(momentum_width, float(p[last]), sharp)


def _bochner(p: Array, g: Array, tolerance: float) -> None:
    if g.min() < -tolerance:
        k = int(g.argmin())
        raise InputError(f"two_point must be positive definite, got G(p = {p[k]:.3g}) = {g[k]:.3g} (Bochner)")
