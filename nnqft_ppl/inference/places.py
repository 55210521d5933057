"""Where a field is predicted: about the data, on a grid that was asked for, or at points of a file."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nnqft_ppl.inference.data import Data, columns
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.columns import are_dates, read_columns
from nnqft_ppl.runtime.errors import InputError

MOST = 10_000  # points of a grid
LINE, SIDE = 161, 21  # points of the default grid on a line, and on a side of a square
_AXIS = re.compile(r"\s*([^:]+):([^:]+):(\d+)\s*")


def about(data: Data) -> Array:
    """A fine line or a square lattice about the points of the data, or these points in more dimensions: (Q, d)."""
    low, high = data.x.min(axis=0), data.x.max(axis=0)
    margin = np.where(high > low, 0.1 * (high - low), 1.0)
    if data.x.shape[1] == 1:
        return np.linspace(low - margin, high + margin, LINE)
    return data.x if data.x.shape[1] > 2 else _lattice(np.linspace(low - margin, high + margin, SIDE).T)


def places(at: str, data: Data) -> Array:
    """Points (Q, d), in the units of the data, that a text asks for.

    It is a grid, LOW:HIGH:COUNT for each column of points, separated by commas; or a table with the columns of the
    points by the names that the data have.

    Raises
    ------
    InputError
        for a file that cannot be read or has no row, a column that is missing or of another kind than in the data, or
        a grid that has too many points, or axes for other than all columns.
    """
    axes = [match for part in at.split(",") if (match := _AXIS.fullmatch(part))]
    if len(axes) == at.count(",") + 1 and not Path(at).exists():
        return _grid(at, axes, data)
    table = read_columns(at, "points")
    for name in data.x_name:
        if name not in table:
            raise InputError(f"points column {name!r} must be there, got {', '.join(map(str, table.columns))}")
    if not len(table):
        raise InputError(f"points must have at least 1 row, got none in {at!r}")
    return _as_in(data, table)


def _grid(at: str, axes: list[re.Match[str]], data: Data) -> Array:
    if len(axes) != len(data.x_name):
        raise InputError(f"a grid must have an axis for each of {', '.join(data.x_name)}, got {at!r}")
    counts = [int(axis[3]) for axis in axes]
    if min(counts) < 1 or np.prod(counts, dtype=float) > MOST:
        raise InputError(f"a grid must have 1 to {MOST} points, got {' x '.join(map(str, counts))}")
    ends = pd.DataFrame({name: [axis[1], axis[2]] for name, axis in zip(data.x_name, axes, strict=True)}, dtype=object)
    low, high = _as_in(data, ends)
    return _lattice([np.linspace(*pair) for pair in zip(low, high, counts, strict=True)])


def _as_in(data: Data, table: Any) -> Array:
    dated = dict(zip(data.x_name, data.dated, strict=True))
    for name, is_date in dated.items():
        if is_date and not are_dates(table[name]):
            raise InputError(f"points column {name!r} must hold dates, as the data do, got {table[name].iloc[0]!r}")
    return columns(table, data.x_name, dated, "points")


def _lattice(axes: list[Array] | Array) -> Array:
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
