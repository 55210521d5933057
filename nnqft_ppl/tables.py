"""The tidy tables: schemas declared once, validated on writing, read back equal; Parquet carries the provenance.

Null means "does not apply": the seed of an exact result, the exact value of a theory without a closed form.
"""

import json
import os
import tempfile
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike

from nnqft_ppl.errors import InputError
from nnqft_ppl.points import Array

Schema = Literal["correlators", "configurations", "scoreboard", "axioms", "modes", "parameters", "breaking"]


#: Hyperparameters that are text even where they look like numbers: F = 1 is the name of an envelope.
TEXT: dict[Hashable, Any] = {"envelope": "str"}


class Column(NamedTuple):
    """A column's pandas dtype and what it means."""

    dtype: str
    meaning: str


SCHEMAS: dict[Schema, dict[str, Column]] = {
    "correlators": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "kind": Column("str", "full, connected, I_N (8) or I_IB (9)"),
        "order": Column("Int64", "number n of points of the correlator"),
        "configuration": Column("Int64", "key into the table of configurations; order n takes its first n points"),
        "component": Column("str", "component of the field at each point, for a field with several; null otherwise"),
        "estimator": Column("str", "exact, neuron, sobol, amplitude or field"),
        "estimate": Column("float64", "value of the correlator"),
        "mcse": Column("float64", "Monte Carlo standard error of the estimate; 0 for exact"),
        "ess": Column("float64", "effective sample size; null for sobol, whose error is that of its replicates"),
        "draws": Column("Int64", "draws: networks, or single neurons for neuron and sobol"),
        "exact": Column("float64", "exact value where the card has one"),
        "z": Column("float64", "(estimate - exact) / mcse"),
        "seed": Column("Int64", "seed of the draws"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "configurations": {
        "configuration": Column("Int64", "key"),
        "point": Column("Int64", "position of the point in its configuration, from 0"),
        "x0": Column("float64", "first coordinate, in units of 1/m; x1, x2, ... follow"),
    },
    "axioms": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "axiom": Column("str", "axiom or symmetry"),
        "test": Column("str", "how it was tested"),
        "verdict": Column("str", "pass, up to cutoff, undecided or fail"),
        "statistic": Column("float64", "what was measured, relative to the scale of the correlators; z of draws"),
        "tolerance": Column("float64", "beyond which the statistic is a violation"),
        "effect": Column("float64", "smallest relative violation that draws see with 99 % probability; null if exact"),
        "draws": Column("Int64", "networks; null for an exact test"),
        "detail": Column("str", "remarks"),
        "seed": Column("Int64", "seed of the draws"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "scoreboard": {
        "study": Column("str", "name of the study"),
        "equation": Column("str", "equation of the paper"),
        "statement": Column("str", "what is checked"),
        "expected": Column("float64", "value that the statement asks for"),
        "measured": Column("float64", "value that was found"),
        "error": Column("float64", "standard error of a Monte Carlo value, tolerance of an exact one"),
        "low": Column("float64", "smallest measured value for which the statement holds"),
        "high": Column("float64", "largest measured value for which the statement holds"),
        "verdict": Column("str", "holds or falls short"),
    },
    "modes": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "sites": Column("str", "the parameters that were searched, in whose coordinates these are maxima"),
        "mode": Column("Int64", "key; modes up to the relabelling of neurons, most probable first"),
        "log_p": Column("float64", "log P(theta*)"),
        "what": Column("str", "strict, flat, cusp, boundary or degenerate"),
        "slope": Column("float64", "largest component of the gradient of log P"),
        "n_neg": Column("Int64", "negative eigenvalues of the Hessian of -log P"),
        "n_zero": Column("Int64", "zero eigenvalues: dimension of the family, if it is flat"),
        "n_pos": Column("Int64", "positive eigenvalues"),
        "moduli": Column("Int64", "zero modes that move the field; the others are redundant"),
        "copies": Column("float64", "modes that relabelling the neurons makes of it"),
        "orbit": Column("Int64", "key of the orbit under relabelling and the redundancies of plane waves"),
        "field": Column("Int64", "key of the field; null for a continuum of fields"),
        "share": Column("float64", "share of the starts that ended here"),
        "starts": Column("Int64", "starts of the search"),
        "unseen": Column("float64", "probability that one more start finds a new mode, at most (95 %)"),
        "seed": Column("Int64", "seed of the starts"),
        "version": Column("str", "version of nnqft_ppl"),
    },
    "parameters": {
        "mode": Column("Int64", "key into the table of modes"),
        "site": Column("str", "name of the parameter"),
        "entry": Column("Int64", "position in its flattened array, neurons first"),
        "value": Column("float64", "value at the maximum"),
    },
    "breaking": {
        "card": Column("str", "name of the architecture"),
        "width": Column("Int64", "number N of neurons"),
        "dim": Column("Int64", "dimension d of space"),
        "symmetry": Column("str", "the symmetry"),
        "verdict": Column("str", "symmetric, explicitly broken, spontaneously broken or undecided"),
        "seen_by": Column("str", "what shows it, with the number"),
        "vacua": Column("str", "the classical configurations that break it"),
        "version": Column("str", "version of nnqft_ppl"),
    },
}


def validate_table(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The table with its schema's columns first converted to their types; further columns hold hyperparameters.

    Raises
    ------
    InputError
        naming the column that is missing, of the wrong type, or not a column of scalars.
    """
    columns = SCHEMAS[schema]
    result = table.copy()
    for name, column in columns.items():
        if name not in result:
            raise InputError(f"table {schema}: column {name!r} must be present, got {', '.join(map(str, result))}")
        try:
            result[name] = result[name].astype(column.dtype)  # pyright: ignore[reportArgumentType, reportCallIssue]
        except (TypeError, ValueError) as error:
            raise InputError(f"table {schema}: column {name!r} must be of type {column.dtype}: {error}") from error
    for name in result.columns.difference(list(columns)):
        if not all(value is None or np.isscalar(value) for value in result[name]):
            raise InputError(f"table {schema}: column {name!r} must hold numbers or strings")
    result.attrs = dict(table.attrs)
    return result


def write_table(table: pd.DataFrame, path: str | Path, schema: Schema = "correlators") -> None:
    """Write a validated table to ``.parquet`` or ``.csv``, atomically: the old file or the whole new one, nothing else.

    Parquet carries the meaning of every column and ``table.attrs["provenance"]`` as metadata.

    Raises
    ------
    InputError
        for a table that breaks its schema, another suffix, or a place that cannot be written.
    """
    path = check_writable(path)
    valid = validate_table(table, schema)
    if path.suffix == ".csv":
        write_atomically(path, lambda target: valid.to_csv(target, index=False))
        return
    arrow = pa.Table.from_pandas(valid, preserve_index=False)
    fields = [
        field.with_metadata({"meaning": SCHEMAS[schema][field.name].meaning})
        if field.name in SCHEMAS[schema]
        else field
        for field in arrow.schema
    ]
    provenance = {"nnqft_ppl": json.dumps({"schema": schema, **table.attrs.get("provenance", {})}, sort_keys=True)}
    metadata = {**(arrow.schema.metadata or {}), **provenance}
    arrow = arrow.cast(pa.schema(fields, metadata=metadata))
    write_atomically(path, lambda target: pq.write_table(arrow, target, compression="zstd"))


def read_table(path: str | Path, schema: Schema = "correlators") -> pd.DataFrame:
    """Read and validate a table that `write_table` wrote; the provenance is in ``attrs``.

    Raises
    ------
    InputError
        for a file that is missing, truncated, or not such a table.
    """
    path = Path(path)
    try:
        if path.suffix == ".csv":
            return validate_table(pd.read_csv(path, dtype=TEXT), schema)
        arrow = pq.read_table(path)
    except InputError:
        raise
    except (OSError, ValueError, pa.ArrowException, pd.errors.ParserError) as error:
        raise InputError(f"table file {str(path)!r} must be readable Parquet or CSV: {_one_line(error)}") from error
    table = validate_table(arrow.to_pandas(), schema)
    stored = json.loads((arrow.schema.metadata or {}).get(b"nnqft_ppl", b"{}"))
    stored.pop("schema", None)
    table.attrs["provenance"] = stored
    return table


def check_writable(path: str | Path) -> Path:
    """`path` if a table can be written there; asked before long work starts.

    Raises
    ------
    InputError
        for a suffix other than .parquet and .csv, a missing folder, or one without permission to write.
    """
    path = Path(path)
    if path.suffix not in (".parquet", ".csv"):
        raise InputError(f"output file must end in .parquet or .csv, got {str(path)!r}")
    return check_folder(path)


def check_folder(path: Path) -> Path:
    """`path` if its folder exists and a file can be made in it, which is tried; `InputError` otherwise."""
    try:
        if path.is_dir():
            raise IsADirectoryError
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError:
        raise InputError(f"output file must be in a folder that exists and can be written, got {str(path)!r}") from None


def check_file(path: Path | None, suffix: str) -> None:
    """`InputError` for a file that is asked for but has another suffix, or no folder that can be written."""
    if path is None:
        return
    if path.suffix != suffix:
        raise InputError(f"output file must end in {suffix}, got {str(path)!r}")
    check_folder(path)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then move it into place."""
    check_folder(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"output file {str(path)!r} cannot be written: {_one_line(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


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

    Raises
    ------
    InputError
        for a file that cannot be read, has no coordinates, or whose configurations differ in size.
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
        raise InputError(f"points file {str(path)!r} must be a readable CSV, npy or npz: {_one_line(error)}") from error


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


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
