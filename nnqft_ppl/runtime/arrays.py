"""Points and configurations: arrays of shape (P, d) and (..., n, d), checked once at every entrance."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnqft_ppl.runtime.errors import InputError

Array = NDArray[np.float64]


def check_points(points: ArrayLike, dim: int, name: str = "points") -> Array:
    """`points` as a float64 array of shape (P, d).

    Raises
    ------
    InputError
        ``points must have shape (P, 2), got (3,)`` or ``points must be finite, got nan at (0, 1)``.
    """
    array = _finite(points, name)
    if array.ndim != 2 or array.shape[1] != dim or array.shape[0] == 0:
        raise InputError(f"{name} must have shape (P, {dim}) with P >= 1, got {array.shape}")
    return array


def check_configurations(configurations: ArrayLike, dim: int, name: str = "configurations") -> Array:
    """`configurations` as a float64 array of shape (..., n, d), n points in each; errors as for `check_points`."""
    array = _finite(configurations, name)
    if array.ndim < 2 or array.shape[-1] != dim or array.size == 0:
        raise InputError(f"{name} must have shape (..., n, {dim}) with n >= 1, got {array.shape}")
    return array


def _finite(values: ArrayLike, name: str) -> Array:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an array of numbers of one shape, got {values!r:.80}") from error
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        where = tuple(int(i) for i in bad[0])
        raise InputError(f"{name} must be finite, got {array[where]} at index {where}")
    return array
