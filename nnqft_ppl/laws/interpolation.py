"""Cubic Hermite interpolation of tables, in NumPy or JAX, whichever the arrays are of."""

from typing import Any


def hermite(y: Any, slope: Any, cell: Any, t: Any, step: Any = 1.0) -> Any:
    """The cubic of a cell that has the values and slopes of a table at both of its ends.

    Parameters
    ----------
    y, slope
        Values and slopes at the knots, (n + 1,).
    cell
        Number of the cell, from 0 to n - 1, any shape.
    t, step
        Position within the cell, from 0 to 1, and the length of the cell in units of the slope; shapes as `cell`.

    Returns
    -------
    The interpolated values, of the shape of `cell`.
    """
    return (
        y[cell] * (1.0 + 2.0 * t) * (1.0 - t) ** 2
        + y[cell + 1] * t**2 * (3.0 - 2.0 * t)
        + step * t * (1.0 - t) * (slope[cell] * (1.0 - t) - slope[cell + 1] * t)
    )
