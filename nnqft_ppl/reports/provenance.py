"""Where a result comes from: the card's name and its hyperparameters as columns, and the whole theory as text."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from xarray import DataTree, open_datatree

from nnqft_ppl.reports.schemas import Schema, validate_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import one_line
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.text import from_toml, read_theory, told
from nnqft_ppl.theory.amplitudes import NAMED_LAWS, AmplitudeLaw
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned


def card_name(net: Architecture) -> str:
    """The name under which `load` finds the card: its module's last part."""
    return type(net).__module__.rpartition(".")[2]


def flat_hyperparameters(net: Architecture) -> dict[str, Any]:
    """Every hyperparameter as a scalar: a law is its name and ``amplitude.mu``, ..., a spectrum its label."""
    law_names = {law: name for name, law in NAMED_LAWS.items()}
    flat: dict[str, Any] = {}
    for field in dataclasses.fields(net):
        value = getattr(net, field.name)
        if isinstance(value, AmplitudeLaw):
            flat[field.name] = law_names.get(type(value), type(value).__name__)
            for inner in dataclasses.fields(value):
                flat[f"{field.name}.{inner.name}"] = getattr(value, inner.name)
        else:
            flat[field.name] = value if np.isscalar(value) else str(value)
    return flat


def theory_table(model: Model, rows: list[dict[str, Any]], schema: Schema) -> pd.DataFrame:
    """Rows of a result with the columns of their theory, in a schema that has them; and the provenance."""
    net = conditioned(model).net
    own = {"card": card_name(net), **flat_hyperparameters(net), "version": VERSION}
    table = validate_table(pd.DataFrame([own | row for row in rows]), schema)
    table.attrs["provenance"] = {"theory": repr(net), **told(model)}
    return table


def theory_of(source: str | Path | pd.DataFrame | DataTree) -> Model | dict[str, Model]:
    """The theory that a table or a tree was made from, or that a text says: P(theta) of (4), and the factors beside it.

    Parameters
    ----------
    source
        A table ``.parquet``, a tree ``.nc`` or ``.zarr``, a text ``.toml`` or ``.json`` of `to_toml` or `to_json`; or a
        table or a tree in memory, whose ``attrs`` carry the text.

    Returns
    -------
    The theory, equal to the one that made it. For a table of several theories, ``nnqft axioms --all``, a dictionary of
    them by their cards.

    Raises
    ------
    InputError
        for a file that is not there, carries no theory, as CSV cannot, or whose theory has no text.

    Examples
    --------
    >>> net = nq.load("cos_net", width=10)
    >>> table = nq.correlators(net, np.zeros((1, 2, 1)), orders=[2], estimators=["exact"])
    >>> nq.theory_of(table) == net
    True
    """
    if isinstance(source, pd.DataFrame):
        return _rebuilt("table", source.attrs.get("provenance", {}))
    if isinstance(source, DataTree):
        return _rebuilt("tree", json.loads(source.attrs.get("nnqft_ppl", "{}")))
    path = Path(source)
    label = f"file {str(path)!r}"
    if path.suffix in (".toml", ".json"):
        return read_theory(path)
    if path.suffix == ".csv":
        raise InputError(f"{label} must carry its theory, which CSV cannot; write the table to .parquet")
    if path.suffix not in (".parquet", ".nc", ".zarr"):
        raise InputError(f"{label} must end in .parquet, .nc, .zarr, .toml or .json")
    if not path.exists():
        raise InputError(f"{label} must be there")
    try:
        if path.suffix == ".parquet":
            found = (pq.read_schema(path).metadata or {}).get(b"nnqft_ppl", b"{}")
        else:
            how: Any = {"engine": "h5netcdf"} if path.suffix == ".nc" else {"engine": "zarr", "consolidated": False}
            with open_datatree(path, **how) as tree:
                found = tree.attrs.get("nnqft_ppl", "{}")
    except (OSError, ValueError, KeyError, ImportError, pa.ArrowException) as error:
        raise InputError(f"{label} must be a readable table or tree: {one_line(error)}") from error
    return _rebuilt(label, json.loads(found))


def _rebuilt(label: str, provenance: dict[str, Any]) -> Model | dict[str, Model]:
    if "no_text" in provenance:
        raise InputError(f"{label}: its theory has no text: {provenance['no_text']}")
    if "texts" in provenance:
        return {name: from_toml(text) for name, text in provenance["texts"].items()}
    if "text" not in provenance:
        raise InputError(f"{label} must carry the text of its theory, got none")
    return from_toml(provenance["text"])
