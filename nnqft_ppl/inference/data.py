"""Data for conditioning: a CSV file's columns, checked, and standardised by a transformation that is kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.columns import numbers, read_columns
from nnqft_ppl.runtime.errors import InputError

LEVELS = (0.025, 0.25, 0.75, 0.975)  # of the quantiles in tables of bands
#: Names of columns that tables of bands put beside those of the points.
BANDS = ("mean", "sd", *(f"q{level:g}" for level in LEVELS))


class Data(NamedTuple):
    """Points (P, d) and values (P,) in the units of the file, and the affine maps to standard ones."""

    x: Array
    y: Array
    x_name: tuple[str, ...]
    y_name: str
    x_centre: Array
    x_scale: float
    y_centre: float
    y_scale: float

    @property
    def points(self) -> Array:
        """Standardised points, (x - centre) / scale with one scale for all axes: space keeps its angles."""
        return self.to_points(self.x)

    @property
    def values(self) -> Array:
        """Standardised values, mean 0 and standard deviation 1."""
        return (self.y - self.y_centre) / self.y_scale

    def to_points(self, x: Array) -> Array:
        """Points in the units of the file, standardised."""
        return (x - self.x_centre) / self.x_scale

    def to_values(self, field: Array) -> Array:
        """A standardised field in the units of the file."""
        return self.y_centre + self.y_scale * field


def read_data(path: str | Path, x: Sequence[str], y: str) -> Data:
    """Columns of a table as data: a CSV file, compressed or not, standard input (``-``) or Parquet.

    Raises
    ------
    InputError
        for a file or column that is not there, no or repeated columns, names that bands have, values that are not
        finite numbers, fewer than two rows, points that occur twice, or columns that are constant.
    """
    if not x or len({*x, y}) < len(x) + 1:
        raise InputError(f"data columns must be one or more for x and another for y, got {', '.join(x)!r} and {y!r}")
    taken = [name for name in x if name in BANDS]
    if taken:
        raise InputError(f"data column for x must not be one of {', '.join(BANDS)}, which name bands, got {taken[0]!r}")
    table = read_columns(path, "data")
    for name in (*x, y):
        if name not in table:
            raise InputError(f"data column must be one of {', '.join(map(str, table.columns))}, got {name!r}")
    if len(table) < 2:
        raise InputError(f"data must have at least 2 rows, got {len(table)}")
    points = np.stack([numbers(table, name, "data") for name in x], axis=1)
    values = numbers(table, y, "data")
    first, seen = np.unique(points, axis=0, return_index=True)
    if len(first) < len(points):
        twice = points[sorted(set(range(len(points))) - set(seen.tolist()))[0]]
        words = ", ".join(f"{value:.17g}" for value in twice)
        raise InputError(f"data points must differ, got {words} twice; average them first")
    for name, column in zip((*x, y), (*points.T, values), strict=True):
        if np.ptp(column) == 0:
            raise InputError(f"data column {name!r} must not be constant, got {column[0]:g} in every row")
    return Data(
        points,
        values,
        tuple(x),
        y,
        points.mean(axis=0),
        float(points.std(axis=0).max()),
        float(values.mean()),
        float(values.std()),
    )
