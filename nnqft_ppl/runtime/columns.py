"""One strict reader for every table of numbers that a user brings: nothing is guessed, and what is wrong is named.

A CSV file (also compressed with gzip, bzip2 or xz, or ``-`` for standard input) begins with a line of names; every row
has as many cells. A ``.parquet`` file has its own names and types.
"""

import bz2
import csv
import gzip
import lzma
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import one_line

MISSING = ("", "na", "n/a", "nan", "null", "none")

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def read_columns(path: str | Path, what: str) -> pd.DataFrame:
    """The columns of a table, of text as it stands in a CSV file, and of their types in a Parquet file.

    Parameters
    ----------
    path
        The file, or ``-`` for standard input.
    what
        What the file is to the user, for errors: ``data``, ``points``, ``target``.

    Returns
    -------
    A DataFrame with one row for each row of the file; blank lines are left out, and blanks around names and cells.

    Raises
    ------
    InputError
        for a file that cannot be read, names that are missing or occur twice, or a row longer or shorter than the
        header.
    """
    try:
        if str(path).lower().endswith(".parquet"):
            table = pd.read_parquet(path).reset_index(drop=True)
            table.columns = _checked_names(table.columns)
            return table
        if str(path) == "-":
            return _rows(sys.stdin)
        opener = _OPENERS.get(Path(path).suffix.lower(), open)
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            return _rows(file)
    except InputError as error:
        raise InputError(f"{what} file {str(path)!r}: {error}") from error
    except (OSError, ValueError, EOFError, csv.Error, lzma.LZMAError, pa.ArrowException) as error:
        raise InputError(f"{what} file {str(path)!r} must be readable CSV or Parquet: {_reason(error)}") from error


def numbers(table: pd.DataFrame, name: str, what: str) -> Array:
    """A column as float64 numbers, (rows,).

    Raises
    ------
    InputError
        naming the first cell, and its row from 1, that is no number, not finite, or has more digits than a float64.
    """
    column, label = table[name], f"{what} column {name!r}"
    values = np.empty(len(column))
    for at, (index, cell) in enumerate(column.items()):
        row = int(index) + 1  # pyright: ignore[reportArgumentType]
        try:
            if isinstance(cell, bool) or "_" in str(cell):  # numbers to Python, but not to who wrote them
                raise TypeError
            values[at] = value = float(cell)
        except (TypeError, ValueError):
            raise InputError(f"{label} must hold numbers, got {cell!r} in row {row}") from None
        if not np.isfinite(value):
            raise InputError(f"{label} must be finite, got {cell} in row {row}")
        if abs(value) >= 2**53 and _whole(cell) not in (None, int(value)):
            raise InputError(
                f"{label} must fit in double precision, got {cell} in row {row}; subtract an origin, or change the unit"
            )
    return values


def is_missing(cell: Any) -> bool:
    """Is it one of the ways to say that there is no value: nothing, NA, NaN, null?"""
    return cell is None or cell is pd.NaT or cell is pd.NA or str(cell).strip().lower() in MISSING


def are_dates(column: pd.Series) -> bool:
    """Is every cell a date of ISO 8601, ``1958-03-29`` or ``1958-03-29T12:00``, or of a type of dates?"""
    return len(column) > 0 and all(_date(cell) is not None for cell in column)


def days(table: pd.DataFrame, name: str) -> Array:
    """A column of dates as days since 1970-01-01, float64 (rows,); times without a zone count as UTC."""
    seconds = [_date(cell).timestamp() for cell in table[name]]  # pyright: ignore[reportOptionalMemberAccess]
    return np.array(seconds) / 86400.0


def _date(cell: Any) -> datetime | None:
    if isinstance(cell, str) and (len(cell) < 10 or cell[4] != "-"):  # 20240101 is a number
        return None
    try:
        when = datetime.fromisoformat(cell.isoformat() if isinstance(cell, date) else cell)
    except (TypeError, ValueError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _rows(lines: TextIO | Iterable[str]) -> pd.DataFrame:
    reader = csv.reader(lines, strict=True)
    header = _checked_names(next(reader, []))
    rows = []
    for cells in reader:
        if not any(cell.strip() for cell in cells) and len(cells) < max(len(header), 2):
            continue  # a blank line
        if len(cells) != len(header):
            rule = f"every row must have {len(header)} cells, as {', '.join(header)}"
            raise InputError(f"{rule}, got {len(cells)} in row {len(rows) + 1}: {', '.join(cells)}")
        rows.append([cell.strip() for cell in cells])
    return pd.DataFrame(rows, columns=header, dtype=object)


def _checked_names(names: Iterable[Any]) -> list[str]:
    header = [str(name).strip() for name in names]
    if not any(header):
        raise InputError("it must begin with a line of names")
    for name in header:
        if not name or header.count(name) > 1:
            raise InputError(f"names of columns must be there and differ, got {', '.join(map(repr, header))}")
    return header


def _whole(cell: Any) -> int | None:
    """A cell as a whole number of any size, if it is one."""
    try:
        return int(cell)
    except (TypeError, ValueError):
        return None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or one_line(error)
