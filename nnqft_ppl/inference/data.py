"""Data for conditioning: a table's columns, checked, and standardised by a transformation that is kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpyro.distributions import Distribution

from nnqft_ppl.runtime.arrays import Array, few_lines, html_table
from nnqft_ppl.runtime.columns import are_dates, days, is_missing, numbers, read_columns
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.conditioned import Observation

LEVELS = (0.025, 0.25, 0.75, 0.975)  # of the quantiles in tables of bands
#: Names of columns that tables of results put beside those of the points.
BANDS = ("mean", "sd", *(f"q{level:g}" for level in LEVELS), "component")
SUMMARY = ("quantity", "mcse", "ess_bulk", "ess_tail", "r_hat")
#: Names in trees of draws, where points have coordinates by their own names.
TREE = ("chain", "draw", "point", "observation", "axis", "phi", "action")
TAKEN = {
    **dict.fromkeys(BANDS, "which name bands"),
    **dict.fromkeys(SUMMARY, "which name columns of a summary"),
    **dict.fromkeys(TREE, "which name parts of a tree of draws"),
}


class Data(NamedTuple):
    """Points (P, d) and values (P,), or (P, D), in the units of the file, and the affine maps to standard ones."""

    x: Array
    y: Array  #: (P,), or (P, D) for a field with D components
    y_error: Array | None  #: standard deviations of the noise, (P,), if the file has them
    x_name: tuple[str, ...]
    y_name: tuple[str, ...]
    dated: tuple[bool, ...]  #: is a column of points one of dates, in days since 1970-01-01?
    left_out: int  #: rows of the file that lack one of the cells
    x_centre: Array
    x_scale: float
    y_centre: Any  #: a number, or (D,)
    y_scale: float

    __repr__ = few_lines
    _repr_html_ = html_table

    @property
    def points(self) -> Array:
        """Standardised points, (x - centre) / scale with one scale for all axes: space keeps its angles."""
        return self.to_points(self.x)

    @property
    def values(self) -> Array:
        """Standardised values, (y - centre) / scale with one scale for all components: the field keeps its angles."""
        return (self.y - self.y_centre) / self.y_scale

    @property
    def errors(self) -> Array | None:
        """Standard deviations of the noise in units of the standardised values."""
        return None if self.y_error is None else self.y_error / self.y_scale

    @property
    def spread(self) -> float:
        """The largest standard deviation of a component of the standardised values: 1, unless it is switched off."""
        return float(np.std(self.y, axis=0).max()) / self.y_scale

    def axis(self, x: Array, k: int = 0) -> Any:
        """Numbers of the k-th column of points as they are shown: dates where the file has dates."""
        return (np.asarray(x) * 86400).round().astype("datetime64[s]") if self.dated[k] else x

    def keys(self, x: Array) -> dict[str, Any]:
        """Points (Q, d) as columns with the names of the file, and dates where it has dates."""
        return {name: self.axis(x[:, k], k) for k, name in enumerate(self.x_name)}

    def to_points(self, x: Array) -> Array:
        """Points in the units of the file, standardised."""
        return (x - self.x_centre) / self.x_scale

    def to_values(self, field: Array) -> Array:
        """A standardised field, (..., P) or (..., P, D), in the units of the file."""
        return self.y_centre + self.y_scale * field


def data_of(observation: Observation) -> Data:
    """The data of a theory that has its own, in its own units."""
    points, y, noise = observation
    error = None if isinstance(noise, Distribution) else np.broadcast_to(np.asarray(noise, dtype=float), len(y))
    d = points.shape[1]
    names = tuple(f"x{k}" for k in range(d))
    y_name = ("y",) if np.ndim(y) == 1 else tuple(f"y{k}" for k in range(np.shape(y)[1]))
    return Data(np.asarray(points), y, error, names, y_name, (False,) * d, 0, np.zeros(d), 1.0, 0.0, 1.0)


def read_data(
    path: str | Path,
    x: str | Sequence[str],
    y: str | Sequence[str],
    y_error: str | None = None,
    *,
    standardise: bool = True,
) -> Data:
    """Columns of a table as data for `observe`: points, values, and the maps to standard units and back.

    Standard units are those of (x - centre) / scale, where the centre is the mean and the scale the largest standard
    deviation of a column: one for all axes of space, and one for all components of the field.

    Parameters
    ----------
    path
        A CSV file with a line of names, its cells separated by commas, semicolons or tabs, compressed or not; a Parquet
        file; or ``-`` for standard input. Numbers may have decimal commas.
    x
        Names of the columns of the points, one for each dimension d. Dates become days since 1970-01-01.
    y
        Name of the column of the values; or several, one for each component of a field with D.
    y_error
        Name of the column of the standard deviation of each value's noise.
    standardise
        ``False`` leaves points and values as they are: centre 0, scale 1.

    Returns
    -------
    A named tuple. ``points`` (P, d), ``values`` (P,) or (P, D) and ``errors`` (P,) or ``None`` are standardised; ``x``,
    ``y`` and ``y_error`` are in the units of the file. ``to_points`` takes points of the file's units to standard ones,
    ``to_values`` a field back. Rows that lack one of the cells are ``left_out`` and counted. Points may occur several
    times: replicates are kept, as their average with the noise of one of them would be a mistake.

    Raises
    ------
    InputError
        for a file or column that is not there, no or repeated columns, names that results have, values that are not
        finite numbers or whose decimal sign is not clear, errors that are not positive, fewer than two rows, or columns
        that are constant, which cannot be standardised.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "river.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("year;level;error\\n1990;1,5;0,2\\n1991;;0,2\\n1992;2,5;0,1\\n")
    ...     data = nq.read_data(path, "year", "level", "error")
    >>> data.y, data.left_out
    (array([1.5, 2.5]), 1)
    >>> data.points.tolist(), data.values.tolist(), data.errors.tolist()
    ([[-1.0], [1.0]], [-1.0, 1.0], [0.4, 0.2])
    >>> data.to_points(np.array([[1993.0]])), data.to_values(np.array([0.0]))
    (array([[2.]]), array([2.]))
    >>> model = nq.observe(nq.load("cauchy"), data.points, data.values, noise=data.errors)
    """
    x, several = [x] if isinstance(x, str) else list(x), not isinstance(y, str) and len(y) > 1
    y = [y] if isinstance(y, str) else list(y)
    names = [*x, *y, *([] if y_error is None else [y_error])]
    _check_names(x, y, y_error)
    table: Any = read_columns(path, "data")
    for name in names:
        if name not in table:
            raise InputError(f"data column must be one of {', '.join(map(str, table.columns))}, got {name!r}")
    there = ~table[names].map(is_missing).any(axis=1).to_numpy(dtype=bool)
    if there.sum() < 2:
        missing = f", and {len(table) - there.sum()} that lack one of {', '.join(names)}" if not there.all() else ""
        raise InputError(f"data must have at least 2 rows, got {there.sum()}{missing}")
    table = table[there]  # which keeps the numbers of the rows
    dated = tuple(are_dates(table[name]) for name in x)
    found = columns(table, names, dict(zip(x, dated, strict=True)), "data")
    points, values = found[:, : len(x)], found[:, len(x) : len(x) + len(y)]
    errors = None if y_error is None else found[:, -1]
    if errors is not None and (errors <= 0).any():
        row = int(np.argmax(errors <= 0))
        raise InputError(f"data column {y_error!r} must be positive, got {errors[row]:g} in row {table.index[row] + 1}")
    x_centre, x_scale, y_centre, y_scale = np.zeros(len(x)), 1.0, np.zeros(len(y)), 1.0
    if standardise:
        _check_spread(x, points)
        if not np.ptp(values, axis=0).any():
            _check_spread(y, values)
        x_centre, x_scale = points.mean(axis=0), float(points.std(axis=0).max())
        y_centre, y_scale = values.mean(axis=0), float(values.std(axis=0).max())
    if not several:
        values, y_centre = values[:, 0], float(y_centre[0])
    left_out = int((~there).sum())
    return Data(points, values, errors, tuple(x), tuple(y), dated, left_out, x_centre, x_scale, y_centre, y_scale)


def columns(table: pd.DataFrame, names: Sequence[str], dated: dict[str, bool], what: str) -> Array:
    """Columns of numbers and, where `dated` says so, of dates in days since 1970-01-01: (rows, columns)."""
    plain = [name for name in names if not dated.get(name)]
    found = dict(zip(plain, numbers(table, plain, what).T, strict=True)) if plain else {}
    return np.stack([days(table, name) if dated.get(name) else found[name] for name in names], axis=1)


def _check_names(x: Sequence[str], y: Sequence[str], y_error: str | None) -> None:
    said = ", ".join(x), ", ".join(y)
    if not x or not y or len({*x, *y}) < len(x) + len(y):
        raise InputError(f"data columns must be one or more for x and another for y, got {said[0]!r} and {said[1]!r}")
    if y_error in (*x, *y):
        raise InputError(f"data column for the errors of y must be another than those of x and y, got {y_error!r}")
    for name in x:
        if name in TAKEN:
            others = ", ".join(other for other, why in TAKEN.items() if why == TAKEN[name])
            raise InputError(f"data column for x must not be one of {others}, {TAKEN[name]}, got {name!r}")


def _check_spread(names: Sequence[str], found: Array) -> None:
    for name, column in zip(names, found.T, strict=True):
        if np.ptp(column) == 0:
            raise InputError(f"data column {name!r} must not be constant, got {column[0]:g} in every row")
