"""A sweep on disk: hive partitions by verb, a file for each cell, written whole or not at all, and read as one table.

Hyperparameters stand in the files and not in the names of folders, where every reader would guess another type. Names
that begin with an underscore hold no data.
"""

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nnqft_ppl.reports.schemas import SCHEMAS, validate_table
from nnqft_ppl.reports.tables import write_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import one_line
from nnqft_ppl.sweeps.cells import Cell, Computed, place
from nnqft_ppl.sweeps.verbs import VERBS

UNFINISHED = "_unfinished"
TYPES: dict[Any, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}  # which know missing values


def prepare(folder: Path) -> None:
    """Make the folder of a sweep; `InputError` where it cannot be."""
    try:
        (folder / UNFINISHED).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"output folder {str(folder)!r} cannot be made: {error.strerror}") from error


def close(folder: Path) -> None:
    """Remove what no run is using."""
    with suppress(OSError):  # another shard is at work
        (folder / UNFINISHED).rmdir()


def missing(folder: Path, cells: Iterable[Cell]) -> list[Cell]:
    """The cells that have no file yet."""
    return [cell for cell in cells if not place(folder, cell).is_file()]


def write_cell(folder: Path, cell: Cell, found: Computed) -> None:
    """Write a cell: a reader of the dataset sees its whole file or none."""
    beside = folder / UNFINISHED / f"{cell.name}.parquet"
    write_table(found.table, beside, VERBS[cell.verb].schema)
    _move(beside, place(folder, cell))


def merge(parts: Sequence[Path], folder: Path, cells: Sequence[Cell]) -> int:
    """Take the cells that other folders have into this one; how many there were.

    Raises
    ------
    InputError
        for a folder that is not there, or two results of one cell.
    """
    taken = 0
    for part in parts:
        if not part.is_dir():
            raise InputError(f"folder of a sweep must be there, got {str(part)!r}")
    for cell in cells:
        for file in (place(part, cell) for part in parts):
            if not file.is_file():
                continue
            content, own = file.read_bytes(), place(folder, cell)
            if not own.is_file():
                beside = folder / UNFINISHED / f"{cell.name}.parquet"
                beside.write_bytes(content)
                _move(beside, own)
                taken += 1
            elif own.read_bytes() != content:
                raise InputError(f"cell {cell.name} must have one result, got another in {str(file)!r}; remove one")
    return taken


def _move(beside: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(beside, target)


# -- reading -----------------------------------------------------------------------------------------------------------


def read_sweep(folder: str | Path, verb: str | None = None) -> pd.DataFrame:
    """Read all cells of a sweep as one tidy table.

    Correlators (2) and other results of many theories (1), a file each, below one another.

    Parameters
    ----------
    folder
        The folder that `sweep` or ``nnqft sweep`` wrote.
    verb
        The verb whose cells are meant; it may be left out where there is one.

    Returns
    -------
    A DataFrame in the schema of the verb, with a column for each hyperparameter, the ``seed`` and the ``cell``, ordered
    by hyperparameters and seed. `theory_of` gives a dictionary of the theories by their cells.

    Raises
    ------
    InputError
        for a folder without cells, cells of several verbs, or a file that cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> asked = {"orders": [2], "kinds": ["full"], "estimators": ["exact"], "points": [[0.0], [0.0]]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = nq.sweep("cos_net", {"width": [10, 20]}, **asked, out=folder, jobs=1)
    ...     table = nq.read_sweep(folder)
    >>> table[["width", "estimator", "estimate"]].values.tolist()  # G2 at one point
    [[10, 'exact', 0.5], [20, 'exact', 0.5]]
    """
    folder = Path(folder)
    verbs = sorted(path.name.removeprefix("verb=") for path in folder.glob("verb=*"))
    if verb is None and len(verbs) != 1:
        raise InputError(
            f"folder {str(folder)!r} must have cells of one verb, or name it, got {', '.join(verbs) or 'none'}"
        )
    verb = verbs[0] if verb is None else verb
    files = sorted((folder / f"verb={verb}").glob("*/*.parquet"))
    if verb not in VERBS or not files:
        raise InputError(f"folder {str(folder)!r} must have cells of {verb}, got {', '.join(verbs) or 'none'}")
    return read_cells(verb, files)


def read_cells(verb: str, files: Iterable[Path]) -> pd.DataFrame:
    """The cells of one verb below one another, ordered by hyperparameters, options and seed."""
    found = sorted((_read(file) for file in files), key=lambda one: one.order)
    bare = [one.table.replace_schema_metadata(None) for one in found]
    table = pa.concat_tables(bare, promote_options="default").to_pandas(types_mapper=TYPES.get)
    table = validate_table(table, VERBS[verb].schema)
    table.attrs["provenance"] = {"texts": {one.name: one.text for one in found}}
    return table


class _Stored(NamedTuple):
    """A cell as its file has it."""

    name: str
    table: pa.Table
    text: str
    order: tuple[Any, ...]


def _read(file: Path) -> _Stored:
    try:
        table = pq.ParquetFile(file).read()
        said = json.loads(table.schema.metadata[b"nnqft_ppl"])
        sweep = said["sweep"]
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise InputError(f"cell {str(file)!r} must be Parquet that a sweep wrote: {one_line(error)}") from error
    first = table.slice(0, 1).to_pylist()[0]
    own = [first[n] for n in first if n != "cell" and (n in ("width", "dim") or n not in SCHEMAS[said["schema"]])]
    values = tuple((value is None, 0 if value is None else value) for value in own)
    options = json.dumps(sweep["options"], sort_keys=True)
    return _Stored(file.stem, table, said["text"], (file.parent.name, values, options, sweep["seed"] or 0))
