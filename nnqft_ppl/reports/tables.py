"""Tidy tables as files: validated on writing, read back equal; Parquet carries the provenance."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nnqft_ppl.reports.schemas import SCHEMAS, TEXT, Schema, validate_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import check_writable, one_line, write_atomically


def write_table(table: pd.DataFrame, path: str | Path, schema: Schema = "correlators") -> None:
    """Write a validated table to ``.parquet`` or ``.csv``, atomically: the old file or the whole new one, nothing else.

    Parquet carries the meaning of every column and ``table.attrs["provenance"]`` as metadata; CSV carries neither.

    Parameters
    ----------
    table
        What `correlators` returned, or another table of the schema.
    path
        The file; its suffix decides the format.
    schema
        ``correlators``, ``configurations``, ``scoreboard``, ``axioms``, ``modes``, ``parameters``, ``breaking``,
        ``vacua``, ``interactions``, ``energies``, ``action`` or ``posterior``.

    Returns
    -------
    None.

    Raises
    ------
    InputError
        for a table that breaks its schema, another suffix, or a place that cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> table = nq.correlators(nq.load("cos_net"), np.zeros((1, 2, 1)), orders=[2], estimators=["exact"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nq.write_table(table, f"{folder}/table.csv")
    ...     print(os.listdir(folder))
    ['table.csv']
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

    Parameters
    ----------
    path
        A ``.csv`` file, or Parquet for any other suffix.
    schema
        ``correlators``, ``configurations``, ``scoreboard``, ``axioms``, ``modes``, ``parameters``, ``breaking``,
        ``vacua``, ``interactions``, ``energies``, ``action`` or ``posterior``.

    Returns
    -------
    A DataFrame with the columns of the schema first. ``attrs["provenance"]`` is what was written with a Parquet file; a
    CSV file has none.

    Raises
    ------
    InputError
        for a file that is missing, truncated, or not such a table.

    Examples
    --------
    >>> import tempfile
    >>> table = nq.correlators(nq.load("cos_net"), np.zeros((1, 2, 1)), orders=[2], estimators=["exact"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nq.write_table(table, f"{folder}/table.parquet")
    ...     again = nq.read_table(f"{folder}/table.parquet")
    >>> again["estimate"].tolist()  # G2 at one point, full and connected
    [0.5, 0.5]
    >>> again.attrs == table.attrs
    True
    """
    path = Path(path)
    try:
        if path.suffix == ".csv":
            return validate_table(pd.read_csv(path, dtype=TEXT), schema)
        arrow = pq.read_table(path)
    except InputError:
        raise
    except (OSError, ValueError, pa.ArrowException, pd.errors.ParserError) as error:
        raise InputError(f"table file {str(path)!r} must be readable Parquet or CSV: {one_line(error)}") from error
    table = validate_table(arrow.to_pandas(), schema)
    stored = json.loads((arrow.schema.metadata or {}).get(b"nnqft_ppl", b"{}"))
    stored.pop("schema", None)
    table.attrs["provenance"] = stored
    return table
