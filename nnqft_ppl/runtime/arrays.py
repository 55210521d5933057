"""Points and configurations: arrays (P, d) and (..., n, d), checked at every entrance; results in few lines."""

import math
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnqft_ppl.runtime.errors import InputError

#: Numbers as NumPy holds them here: a float64 array of any shape.
Array = NDArray[np.float64]

SHOWN = 8  # numbers of an array that are shown one by one
SHOWN_DIGITS = 40  # of an integer


def check_points(points: ArrayLike, dim: int, name: str = "points") -> Array:
    """`points` as a float64 array of shape (P, d).

    Raises
    ------
    InputError
        ``points must have shape (P, 2), got (3,)`` or ``points must be finite, got nan at (0, 1)``.
    """
    array = finite(points, name)
    if array.ndim != 2 or array.shape[1] != dim or array.shape[0] == 0:
        raise InputError(f"{name} must have shape (P, {dim}) with P >= 1, got {array.shape}")
    return array


def check_configurations(configurations: ArrayLike, dim: int, name: str = "configurations") -> Array:
    """`configurations` as a float64 array of shape (..., n, d), n points in each; errors as for `check_points`."""
    array = finite(configurations, name)
    if array.ndim < 2 or array.shape[-1] != dim or array.size == 0:
        raise InputError(f"{name} must have shape (..., n, {dim}) with n >= 1, got {array.shape}")
    return array


def check_values(values: ArrayLike, shape: tuple[int, ...], name: str = "values") -> Array:
    """`values` as a float64 array of a shape, all finite; `InputError` if not."""
    array = finite(values, name)
    if array.shape != shape:
        raise InputError(f"{name} must have shape {shape}, got {array.shape}")
    return array


def check_noise(noise: ArrayLike, count: int) -> Array:
    """A standard deviation, one of all `count` values, (), or one of each, (count,); `InputError` if it is none."""
    array = finite(noise, "noise")
    if array.shape not in ((), (count,)):
        raise InputError(f"noise must be one number or have shape ({count},), got {array.shape}")
    if not (array > 0).all():
        raise InputError(f"noise must be positive and finite, got {float(np.min(array))}")
    return array


def check_rows(at: ArrayLike, values: ArrayLike, name: str, axis: str) -> tuple[Array, Array]:
    """Two columns as float64 arrays (n,), n >= 4, finite, the first increasing from 0 or above; `InputError` if not."""
    x, y = np.asarray(at, dtype=float), np.asarray(values, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 4:
        raise InputError(f"{name} must be at least 4 rows of {axis} and its value, got shapes {x.shape} and {y.shape}")
    if not np.isfinite([x, y]).all():
        raise InputError(f"{name} rows must be finite, got one that is not")
    if x[0] < 0 or (np.diff(x) <= 0).any():
        row = int(np.argmax(np.diff(x) <= 0)) + 1 if x[0] >= 0 else 0
        raise InputError(f"{name} rows must increase from {axis} >= 0, got {axis} = {x[row]:.4g} in row {row + 1}")
    return x, y


def finite(values: ArrayLike, name: str) -> Array:
    """An array of finite float64 numbers without masked entries, or `InputError`."""
    if np.ma.is_masked(values):
        raise InputError(f"{name} must have no masked entries, got {int(np.ma.count_masked(values))}; leave them out")
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an array of numbers of one shape, got {values!r:.80}") from error
    bad = np.argwhere(~np.isfinite(array))  # one row for one number, though a row of no entries
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise InputError(f"{name} must be finite, got {array[where]}" + (f" at index {where}" if where else ""))
    return array


# -- results on the screen -------------------------------------------------------------------------------------------


def few_lines(self: Any) -> str:
    """The ``__repr__`` of a result: its name, and a line a field, arrays by their shape and range."""
    lines = [f"  {name}: {_brief(value)}" for name, value in _fields(self).items()]
    return "\n".join([type(self).__name__, *lines])


def html_table(self: Any) -> str:
    """The ``_repr_html_`` of a result or a theory: the same as a table."""
    fields = _fields(self).items()
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(_brief(value))}</td></tr>" for name, value in fields)
    return f"<table><caption>{escape(type(self).__name__)}</caption>{rows}</table>"


def _fields(value: Any) -> dict[str, Any]:
    """What an object says of itself in ``told``, or its fields, of a named tuple or of a dataclass."""
    if hasattr(value, "told"):
        return value.told
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value._asdict()


def integer(number: int) -> str:
    """An integer of any size for a reader: all digits, or six and an exponent."""
    if number < 10**15:
        return f"{number:,}"
    power = math.floor(math.log10(number))  # Python writes no more than 4300 digits
    digits = str(number // 10 ** (power - 5))
    return f"{digits[0]}.{digits[1:6]}e{power + len(digits) - 6}"


def _brief(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, np.ndarray):
        some = f"array {value.shape}, from {value.min():.6g} to {value.max():.6g}" if value.size > SHOWN else ""
        return some or str(value.tolist())
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_brief(one)}" for name, one in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int | str):
        return integer(value) if isinstance(value, int) and value >= 10**SHOWN_DIGITS else str(value)
    if isinstance(value, tuple) and value and hasattr(value[0], "_asdict"):
        return f"{len(value)} {type(value[0]).__name__}{'s' * (len(value) != 1)}"
    groups = getattr(value, "children", None)  # of a DataTree
    line = f"{type(value).__name__} of {', '.join(groups)}" if groups else getattr(value, "line", "")
    columns = getattr(value, "columns", None)  # of a DataFrame
    return line or (repr(value) if columns is None else f"rows of {', '.join(columns)}")
