"""Data for conditioning: a CSV file's columns, checked, and standardised by a transformation that is kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError


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
    """Columns of a CSV file as data.

    Raises
    ------
    InputError
        for a file or column that is not there, no or repeated columns, values that are not finite numbers, fewer than
        two rows, points that occur twice, or columns that are constant.
    """
    if not x or len({*x, y}) < len(x) + 1:
        raise InputError(f"data columns must be one or more for x and another for y, got {', '.join(x)!r} and {y!r}")
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise InputError(f"data file {str(path)!r} must be readable CSV: {str(error).splitlines()[0]}") from error
    for name in (*x, y):
        if name not in table:
            raise InputError(f"data column must be one of {', '.join(map(str, table.columns))}, got {name!r}")
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise InputError(f"data column {name!r} must hold numbers, got {table[name].iloc[0]!r} in row 1")
        bad = np.flatnonzero(~np.isfinite(table[name].to_numpy(dtype=float)))
        if bad.size:
            row = int(bad[0])
            raise InputError(f"data column {name!r} must be finite, got {table[name].iloc[row]} in row {row + 1}")
    if len(table) < 2:
        raise InputError(f"data must have at least 2 rows, got {len(table)}")
    points, values = table[list(x)].to_numpy(dtype=float), table[y].to_numpy(dtype=float)
    if len(np.unique(points, axis=0)) < len(points):
        twice = points[np.flatnonzero(table.duplicated(subset=list(x)))[0]]
        raise InputError(f"data points must differ, got {', '.join(f'{v:g}' for v in twice)} twice; average them first")
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
