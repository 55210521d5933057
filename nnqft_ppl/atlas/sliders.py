"""Exact tables over the hyperparameters of a theory, from which a page draws its curves anew when a slider moves.

Every real hyperparameter gets a slider, and the width. The tables have a row for every combination of values; curves
that are equal, as a two-point function is at every width, are kept once.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import numpy as np

from nnqft_ppl.atlas.curves import REACH, along, exact_two_point, four_point
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.generic import generic_points
from nnqft_ppl.theory.ranges import Rule, field_types

MOST = 5  # sliders beside the width
COUNTS = (15, 9, 5, 3)  # values of each slider: the more sliders, the fewer
MOST_COMBINATIONS = 250
SECONDS = 3.0  # of one card's tables: slow closed forms get fewer values
WIDTHS = (1, 2, 5, 10, 20, 50, 100, 1000)  # of the slider, and of the curve against N
POINTS = 41  # of a curve
DIGITS = 5
FACTOR = 4.0  # how far a scale is moved from its default
STEP = 1.0  # how far another real number is


class Slider(NamedTuple):
    """A hyperparameter and the values that it takes in the tables."""

    name: str
    values: tuple[float, ...]
    start: int  #: index of the value at which the page begins


class Tables(NamedTuple):
    """Exact curves for all combinations of the sliders' values, the last slider counting fastest."""

    sliders: tuple[Slider, ...]  #: the first one is the width, where it is free
    r: Array  #: separations of G2
    p: Array  #: momenta of the spectrum
    two_point: tuple[int, ...]  #: the curve of each combination; -1 where there is none
    spectrum: tuple[int, ...]
    four_point: tuple[int, ...]  #: against the widths, for each combination of the other sliders
    widths: tuple[int, ...]
    curves: tuple[tuple[float | None, ...], ...]  #: every different curve once

    def as_data(self) -> dict[str, Any]:
        """Plain lists for the page."""
        return {
            "sliders": [one._asdict() for one in self.sliders],
            "r": rounded(self.r),
            "p": rounded(self.p),
            "widths": self.widths,
            "curves": self.curves,
            "twoPoint": self.two_point,
            "spectrum": self.spectrum,
            "fourPoint": self.four_point,
        }


def slider_tables(net: Architecture) -> Tables:
    """The tables of one theory.

    Raises
    ------
    NoClosedForm
        where nothing is exact.
    InputError
        where nothing can be moved.
    """
    r, p = (np.linspace(0.0, REACH, POINTS) * unit for unit in (net.length, 1.0 / net.length))
    x = generic_points(net)  # of the theory at which the sliders begin
    exact_two_point(net, r)  # says so if it is not known
    width = [Slider("width", tuple(map(float, WIDTHS)), WIDTHS.index(net.width))] if free_width(net) else []
    widths = np.array(WIDTHS if width else (net.width,))
    others = _sliders(net, widths)
    if not width and not others:
        raise InputError(f"{type(net).__name__} has no hyperparameter that is a real number, so nothing slides")
    store: dict[tuple[float | None, ...], int] = {}

    def kept(values: Array | None) -> int:
        return -1 if values is None else store.setdefault(rounded(values), len(store))

    nets = [_moved(net, values) for values in _combinations(others)]
    all_widths = [one and _moved(one, {"width": int(n)}) for n in widths for one in nets]
    return Tables(
        (*width, *others),
        r,
        p,
        tuple(kept(_asked(lambda one: exact_two_point(one, r), one)) for one in all_widths),
        tuple(kept(_asked(lambda one: one.power_spectrum(along(one, p)), one)) for one in all_widths),
        tuple(kept(_asked(lambda one: four_point(one, widths, x), one)) for one in nets),
        tuple(map(int, widths)),
        tuple(store),
    )


def free_width(net: Architecture) -> bool:
    """May the width be another one?"""
    return net.width in WIDTHS and _moved(net, {"width": net.width + 1}) is not None


def real_hyperparameters(net: Architecture) -> dict[str, Any]:
    """The names of the real hyperparameters of a theory, with their ranges."""
    hints = field_types(type(net))
    return {name: hint for name, hint in hints.items() if get_origin(hint) is Annotated and get_args(hint)[0] is float}


def rounded(values: Array) -> tuple[float | None, ...]:
    """Numbers of a few digits, None for what is none."""
    return tuple(float(f"{v:.{DIGITS}g}") if math.isfinite(v) else None for v in np.asarray(values, float).ravel())


def _sliders(net: Architecture, widths: Array) -> list[Slider]:
    """A slider for each of the first real hyperparameters, with fewer values where closed forms are slow."""
    names = [name for name in real_hyperparameters(net) if math.isfinite(getattr(net, name))][:MOST]
    if not names:
        return []
    x = generic_points(net)
    four_point(net, widths, x)  # tables that are made at the first call
    start = time.process_time()
    four_point(_moved(net, {names[0]: getattr(net, names[0]) * 1.01}) or net, widths, x)
    seconds = time.process_time() - start
    counts = [n for n in COUNTS if n ** len(names) <= MOST_COMBINATIONS and n ** len(names) * seconds <= SECONDS]
    return [_slider(net, name, max(counts, default=COUNTS[-1])) for name in names]


def _slider(net: Architecture, name: str, count: int) -> Slider:
    """Values on both sides of the default, those that the theory accepts."""
    default, half = float(getattr(net, name)), count // 2
    steps = np.arange(-half, half + 1) / half
    rule = get_args(real_hyperparameters(net)[name])
    bounded = all(one.holds(v) == (v <= 1.0) for one in rule if isinstance(one, Rule) for v in (0.0, 1.0, 2.0))
    if bounded:  # a share: all of its range
        values = np.unique(np.append(np.linspace(0.0, 1.0, count - 1), default))
    elif default > 0:
        values = default * FACTOR**steps
    else:
        values = default + STEP * steps
    taken = [float(f"{v:.4g}") for v in values if v == default or _moved(net, {name: float(v)}) is not None]
    start = int(np.argmin(np.abs(np.array(taken) - default)))
    taken[start] = default
    return Slider(name, tuple(taken), start)


def _combinations(sliders: list[Slider]) -> Iterator[dict[str, float]]:
    for values in itertools.product(*(one.values for one in sliders)):
        yield dict(zip((one.name for one in sliders), values, strict=True))


def _moved(net: Architecture, values: Mapping[str, float]) -> Architecture | None:
    """The theory with other hyperparameters; None where they do not go together."""
    try:
        return replace(net, **values)
    except InputError:
        return None


def _asked(ask: Callable[[Architecture], Array], net: Architecture | None) -> Array | None:
    try:
        return None if net is None else ask(net)
    except InputError:
        return None
