"""One strict reader for every table of numbers that a user brings: nothing is guessed, and what is wrong is named.

A CSV file (also compressed with gzip, bzip2 or xz, or ``-`` for standard input) begins with a line of names; every row
has as many cells. The line of names says what separates cells, a comma, a semicolon or a tab, and the numbers say what
their decimal sign is. A ``.parquet`` file has its own names and types.
"""

import bz2
import csv
import gzip
import io
import lzma
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from nnqft_ppl.runtime.arrays import Array
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import one_line

MISSING = ("", "na", "n/a", "nan", "null", "none")

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}

_NUMBER = re.compile(r"[+-]?(?=.*\d)[\d.,]+(e[+-]?\d+)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")  # 1,234 is 1234 to some, and 1.234 to others

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
    ``attrs["separator"]`` is what separates the cells of a text.

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
            return _rows(sys.stdin.read())
        opener = _OPENERS.get(Path(path).suffix.lower(), open)
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            return _rows(file.read())
    except InputError as error:
        raise InputError(f"{what} file {str(path)!r}: {error}") from error
    except (OSError, ValueError, EOFError, csv.Error, lzma.LZMAError, pa.ArrowException) as error:
        raise InputError(f"{what} file {str(path)!r} must be readable CSV or Parquet: {_reason(error)}") from error


def numbers(table: pd.DataFrame, names: str | Sequence[str], what: str) -> Array:
    """A column as float64 numbers, (rows,), or several that have one decimal sign, (rows, columns).

    A comma is a decimal sign where no number has a point, and one of them cannot be of thousands: 0,5 but not 1,234.
    In a file of semicolons 1,234 is 1.234 too, with a warning, as people write such files because of that comma.

    Raises
    ------
    InputError
        naming the first cell, and its row from 1, that is no number, not finite, has more digits than a float64, or has
        a comma that may mean two things.
    """
    if isinstance(names, str):
        return numbers(table, [names], what)[:, 0]
    comma = _decimal_comma(table, names, what)
    columns: Any = table
    return np.stack([_column(columns[name], f"{what} column {name!r}", comma) for name in names], axis=1)


def _column(column: pd.Series, label: str, comma: bool) -> Array:
    values = np.empty(len(column))
    for at, (index, cell) in enumerate(column.items()):
        row = int(index) + 1  # pyright: ignore[reportArgumentType]
        try:
            if isinstance(cell, bool) or "_" in str(cell):  # numbers to Python, but not to who wrote them
                raise TypeError
            values[at] = value = float(cell.replace(",", ".") if comma and isinstance(cell, str) else cell)
        except (TypeError, ValueError):
            raise InputError(f"{label} must hold numbers, got {cell!r} in row {row}") from None
        if not np.isfinite(value):
            raise InputError(f"{label} must be finite, got {cell} in row {row}")
        if abs(value) >= 2**53 and _whole(cell) not in (None, int(value)):
            raise InputError(
                f"{label} must fit in double precision, got {cell} in row {row}; subtract an origin, or change the unit"
            )
    return values


def _decimal_comma(table: pd.DataFrame, names: Sequence[str], what: str) -> bool:
    """Is the decimal sign of the columns a comma?"""
    found: dict[str, list[tuple[str, str]]] = {",": [], ".": []}
    for name in names:
        for row, cell in table[name].items():
            if isinstance(cell, str) and _NUMBER.fullmatch(cell):
                for sign in set(cell) & set(found):
                    found[sign].append((cell, f"{cell!r} in row {int(row) + 1} of {name!r}"))  # pyright: ignore
    if not found[","] or any(cell.count(",") > 1 for cell, _ in found[","]):  # these are of thousands, and refused
        return False
    first = found[","][0][1]
    if found["."]:
        places = " and ".join(dict.fromkeys((first, found["."][0][1])))
        raise InputError(f"{what} must have one decimal sign, and no sign of thousands, got {places}")
    if all(_GROUPED.fullmatch(cell) for cell, _ in found[","]):
        if table.attrs.get("separator") != ";":
            raise InputError(
                f"{what} must say what a comma in a number means, got {first}: write a decimal point, or no comma"
            )
        warnings.warn(f"{what}: commas in numbers are read as decimal signs, as in {first}", stacklevel=3)
    return True


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


def _rows(text: str) -> pd.DataFrame:
    """The cells of a text, by the one separator in its line of names that makes a table of it."""
    text = text.removeprefix("\ufeff")
    said = re.match(r"sep=(.)\r?\n", text)  # which Excel writes, and reads
    if said:
        return _cells(text[said.end() :], said[1])
    head = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").partition("\n")[0])
    possible = [separator for separator in SEPARATORS if separator in head] or [","]
    found, wrong = [], []
    for separator in possible:
        try:
            found.append(_cells(text, separator))
        except (InputError, csv.Error) as error:
            wrong.append(error)
    if len(found) > 1:
        words = " and ".join(SEPARATORS[table.attrs["separator"]] for table in found)
        raise InputError(f"cells must be separated in one way, got {words} in the line of names: quote the names")
    if not found:
        raise wrong[0]
    return found[0]


def _cells(text: str, separator: str) -> pd.DataFrame:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header = _checked_names(next((cells for cells in reader if any(map(str.strip, cells))), []))
    rows = []
    for cells in reader:
        if not any(cell.strip() for cell in cells) and len(cells) < max(len(header), 2):
            continue  # a blank line
        if len(cells) != len(header):
            rule = f"every row must have {len(header)} cells, as {', '.join(header)}"
            raise InputError(f"{rule}, got {len(cells)} in row {len(rows) + 1}: {', '.join(cells)}")
        rows.append([cell.strip() for cell in cells])
    table = pd.DataFrame(rows, columns=header, dtype=object)
    table.attrs["separator"] = separator
    return table


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
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not UTF-8; save the file with that encoding"
    return (error.strerror if isinstance(error, OSError) else None) or one_line(error)
