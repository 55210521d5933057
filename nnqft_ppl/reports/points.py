"""Points of correlators: their tidy table, and configurations read from a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nnqft_ppl.reports.schemas import validate_table
from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import one_line


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

    A ``.csv`` has one row a point with coordinates ``x0, x1, ...`` and, optionally, a column ``configuration``; without
    it, each `order` rows in turn are a configuration. A ``.npy``, or a ``.npz`` with the key ``configs``, holds the
    array itself.

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
    path = Path(path)
    try:
        if path.suffix == ".csv":
            return _from_points(pd.read_csv(path), order)
        loaded: Any = np.load(path, allow_pickle=False)
        return np.asarray(loaded["configs"] if path.suffix == ".npz" else loaded, dtype=float)
    except InputError as error:
        raise InputError(f"points file {str(path)!r}: {error}") from error
    except Exception as error:  # NumPy, pandas and zipfile raise a dozen types between them
        raise InputError(f"points file {str(path)!r} must be a readable CSV, npy or npz: {one_line(error)}") from error


def _from_points(table: pd.DataFrame, order: int) -> Array:
    axes = [name for name in (f"x{k}" for k in range(len(table.columns))) if name in table]
    if not axes:
        raise InputError(f"columns must include x0, x1, ..., got {', '.join(map(str, table.columns))}")
    x = table[axes].to_numpy(dtype=float)
    if "configuration" in table:
        sizes = table.groupby("configuration", sort=False).size()
        if len(set(sizes)) != 1:
            raise InputError(f"every configuration must have the same number of points, got {sorted(set(sizes))}")
        x = x[np.argsort(pd.factorize(table["configuration"])[0], kind="stable")]
        order = int(sizes.iloc[0])
    if len(x) == 0 or len(x) % order:
        raise InputError(f"the number of points must be a positive multiple of {order}, got {len(x)}")
    return x.reshape(-1, order, len(axes))
