"""Data for conditioning: a table's columns, checked, and standardised by a transformation that is kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpyro.distributions import Distribution

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.columns import are_dates, days, is_missing, numbers, read_columns
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.theory.conditioned import Observation

LEVELS = (0.025, 0.25, 0.75, 0.975)  # of the quantiles in tables of bands
#: Names of columns that tables of bands put beside those of the points.
BANDS = ("mean", "sd", *(f"q{level:g}" for level in LEVELS))


class Data(NamedTuple):
    """Points (P, d) and values (P,) in the units of the file, and the affine maps to standard ones."""

    x: Array
    y: Array
    y_error: Array | None  #: standard deviations of the noise, (P,), if the file has them
    x_name: tuple[str, ...]
    y_name: str
    dated: tuple[bool, ...]  #: is a column of points one of dates, in days since 1970-01-01?
    left_out: int  #: rows of the file that lack one of the cells
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

    @property
    def errors(self) -> Array | None:
        """Standard deviations of the noise in units of the standardised values."""
        return None if self.y_error is None else self.y_error / self.y_scale

    def axis(self, x: Array, k: int = 0) -> Any:
        """Numbers of the k-th column of points as they are shown: dates where the file has dates."""
        return (np.asarray(x) * 86400).round().astype("datetime64[s]") if self.dated[k] else x

    def to_points(self, x: Array) -> Array:
        """Points in the units of the file, standardised."""
        return (x - self.x_centre) / self.x_scale

    def to_values(self, field: Array) -> Array:
        """A standardised field in the units of the file."""
        return self.y_centre + self.y_scale * field


def data_of(observation: Observation) -> Data:
    """The data of a theory that has its own, in its own units; `InputError` for values with components."""
    points, y, noise = observation
    if np.ndim(y) != 1:
        raise InputError(f"data must be of a field of one component, got values of shape {np.shape(y)}")
    error = None if isinstance(noise, Distribution) else np.broadcast_to(np.asarray(noise, dtype=float), y.shape)
    d = points.shape[1]
    names = tuple(f"x{k}" for k in range(d))
    return Data(points, y, error, names, "y", (False,) * d, 0, np.zeros(d), 1.0, 0.0, 1.0)


def read_data(path: str | Path, x: Sequence[str], y: str, y_error: str | None = None) -> Data:
    """Columns of a table as data: a CSV file, compressed or not, standard input (``-``) or Parquet.

    Rows that lack one of the cells are left out, and counted. Points may occur several times: replicates are kept, as
    their average with the noise of one of them would be a mistake. Dates become days since 1970-01-01.

    Raises
    ------
    InputError
        for a file or column that is not there, no or repeated columns, names that bands have, values that are not
        finite numbers, errors that are not positive, fewer than two rows, or columns that are constant.
    """
    names = [*x, y, *([] if y_error is None else [y_error])]
    if not x or len({*x, y}) < len(x) + 1:
        raise InputError(f"data columns must be one or more for x and another for y, got {', '.join(x)!r} and {y!r}")
    if y_error in (*x, y):
        raise InputError(f"data column for the errors of y must be another than those of x and y, got {y_error!r}")
    taken = [name for name in x if name in BANDS]
    if taken:
        raise InputError(f"data column for x must not be one of {', '.join(BANDS)}, which name bands, got {taken[0]!r}")
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
    columns = [days(table, n) if is_date else numbers(table, n, "data") for n, is_date in zip(x, dated, strict=True)]
    points = np.stack(columns, axis=1)
    values = numbers(table, y, "data")
    errors = None if y_error is None else numbers(table, y_error, "data")
    if errors is not None and (errors <= 0).any():
        row = int(np.argmax(errors <= 0))
        raise InputError(f"data column {y_error!r} must be positive, got {errors[row]:g} in row {table.index[row] + 1}")
    for name, column in zip((*x, y), (*points.T, values), strict=True):
        if np.ptp(column) == 0:
            raise InputError(f"data column {name!r} must not be constant, got {column[0]:g} in every row")
    return Data(
        points,
        values,
        errors,
        tuple(x),
        y,
        dated,
        int((~there).sum()),
        points.mean(axis=0),
        float(points.std(axis=0).max()),
        float(values.mean()),
        float(values.std()),
    )
