"""Points of correlators: their tidy table, and configurations read from a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nnqft_ppl.reports.schemas import validate_table
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.columns import numbers, read_columns
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import one_line

#: Along the first axis: no balanced sum of them vanishes.
DEFAULT_POSITIONS = (0.1, 0.52, -0.31, 0.97, -0.83, 1.43, -1.24, 2.06, -1.91, 2.74)


def default_configuration(order: int, dim: int) -> Array:
    """One configuration of `order` points along the first axis, (1, n, d), where none is given."""
    x = np.zeros((1, order, dim))
    x[0, :, 0] = DEFAULT_POSITIONS[:order]
    return x


def configurations_table(configurations: ArrayLike) -> pd.DataFrame:
    """The tidy table of points: one row for each point of each configuration; configurations of shape (C, n, d)."""
    x = np.asarray(configurations, dtype=float)
    count, n, dim = x.shape
    table = pd.DataFrame({"configuration": np.repeat(np.arange(count), n), "point": np.tile(np.arange(n), count)})
    for axis in range(dim):
        table[f"x{axis}"] = x[:, :, axis].ravel()
    return validate_table(table, "configurations")


def read_configurations(path: str | Path, order: int) -> Array:
    """Configurations of shape (C, n, d) from a file of points.

    A CSV or Parquet table has one row a point with coordinates ``x0, x1, ...`` and, optionally, columns
    ``configuration`` and ``point``, the place in it; without them, each `order` rows in turn are a configuration. A
    ``.npy``, or a ``.npz`` with the key ``configs``, holds the array itself.

    Parameters
    ----------
    path
        The file.
    order
        Number n of points of a configuration; read only for a CSV file without a column ``configuration``.

    Returns
    -------
    float64 array of shape (C, n, d), in the units of the file.

    Raises
    ------
    InputError
        for a file that cannot be read, has no coordinates, or whose configurations differ in size.

    Examples
    --------
    >>> import pandas, tempfile
    >>> points = pandas.DataFrame({"x0": [0.0, 0.4, 1.0, -0.3], "x1": [0.0, 0.2, -0.3, 0.5]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     points.to_csv(f"{folder}/points.csv", index=False)
    ...     x = nq.read_configurations(f"{folder}/points.csv", order=2)
    >>> x.shape  # two configurations of two points in the plane
    (2, 2, 2)
    >>> x[0, 1]
    array([0.4, 0.2])
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".npy", ".npz"):
        table = read_columns(path, "points")
        try:
            return _from_points(table, order)
        except InputError as error:
            raise InputError(f"points file {str(path)!r}: {error}") from error
    try:
        loaded: Any = np.load(path, allow_pickle=False)
        array = np.asarray(loaded["configs"] if suffix == ".npz" else loaded, dtype=float)
    except Exception as error:  # NumPy and zipfile raise a dozen types between them
        raise InputError(f"points file {str(path)!r} must be a readable CSV, npy or npz: {one_line(error)}") from error
    if array.ndim != 3:
        raise InputError(f"points file {str(path)!r}: the array must have shape (C, n, d), got {array.shape}")
    return array


def _from_points(table: pd.DataFrame, order: int) -> Array:
    axes = [f"x{k}" for k in range(sum(name.startswith("x") for name in table.columns))]
    if not axes or any(name not in table for name in axes):
        raise InputError(f"columns must include x0, x1, ..., got {', '.join(map(str, table.columns))}")
    x = numbers(table, axes, "points")
    if "configuration" in table:
        key = pd.factorize(table["configuration"])[0]
        if (key < 0).any():
            raise InputError(f"column configuration must have no missing values, got one in row {key.argmin() + 1}")
        sizes = np.bincount(key) if len(key) else np.zeros(0, dtype=int)
        if len(set(sizes.tolist())) > 1:
            found = sorted(set(sizes.tolist()))
            raise InputError(f"every configuration must have the same number of points, got {found}")
        order = int(sizes[0]) if len(sizes) else order
        place = numbers(table, "point", "points") if "point" in table else np.zeros(len(x))
        if "point" in table and any(sorted(place[key == k]) != list(range(order)) for k in range(len(sizes))):
            raise InputError(f"points of a configuration must be numbered from 0 to {order - 1}, once each")
        x = x[np.lexsort((np.arange(len(x)), place, key))]
    elif "point" in table:
        raise InputError("a column point needs a column configuration")
    if len(x) == 0 or len(x) % order:
        raise InputError(f"the number of points must be a positive multiple of {order}, got {len(x)}")
    return x.reshape(-1, order, len(axes))
