"""Where a function of a radius happens, found by looking: its width, and where it has fallen for good."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError

Function = Callable[[Array], Any]

WIDEST = 4096.0  # widths at half maximum to which a function is followed at most


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
