"""Cells: one theory as text with a verb, its options and a seed, under a name that is a hash of exactly that."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pandas as pd

from nnqft_ppl import models
from nnqft_ppl.reports.provenance import card_name, flat_hyperparameters
from nnqft_ppl.reports.schemas import SCHEMAS
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.sweeps.verbs import VERBS
from nnqft_ppl.text import from_json, to_json
from nnqft_ppl.theory.amplitudes import NAMED_LAWS, AmplitudeLaw
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned
from nnqft_ppl.theory.ranges import field_types

DIGITS = 16  # of a cell's name, in base 16: two of a billion cells coincide with a probability of 3 %


class Cell(NamedTuple):
    """What one file of a sweep holds."""

    verb: str
    card: str
    theory: str  #: in JSON, with every hyperparameter
    options: str  #: in JSON, with every option of the verb
    seed: int | None  #: null where no seed changes the result
    name: str  #: a hash of all that and of the source of the card
    label: str  #: what tells it from the others of its plan, for a reader


class Computed(NamedTuple):
    """The table of a cell, and what was warned of on the way."""

    table: pd.DataFrame
    notes: tuple[str, ...]


def cell_of(verb: str, model: Model, options: str, seed: int, words: Sequence[str]) -> Cell:
    """A cell; whatever the words of its label say, cells of one name have one result."""
    card, said = card_name(conditioned(model).net), to_json(model)
    alone = json.loads(said)
    alone.pop("file", None)  # a card that moves to another folder stays the same
    source = hashlib.sha256(models.source(card).read_bytes()).hexdigest()
    number = seed if VERBS[verb].seeded(json.loads(options)) else None
    determines = json.dumps([alone, source, verb, options, number, VERSION], sort_keys=True)
    name = hashlib.sha256(determines.encode()).hexdigest()[:DIGITS]
    return Cell(verb, card, said, options, number, name, " ".join([card, *words]))


def place(folder: Path, cell: Cell) -> Path:
    """The file of a cell in the folder of a sweep."""
    return folder / f"verb={cell.verb}" / cell.card / f"{cell.name}.parquet"


def computed(cell: Cell) -> Computed:
    """The table of a cell. All cells of a verb and a card have the same columns of the same types."""
    model, options = from_json(cell.theory), json.loads(cell.options)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", UserWarning)
        table = VERBS[cell.verb].run(model, options, cell.seed or 0)
    notes = tuple(dict.fromkeys(str(one.message) for one in found if issubclass(one.category, UserWarning)))
    return Computed(_tidy(table, cell, model, options), notes)


def _tidy(table: pd.DataFrame, cell: Cell, model: Model, options: dict[str, Any]) -> pd.DataFrame:
    verb, net = VERBS[cell.verb], conditioned(model).net
    found: Any = table[[name for name in table if name in SCHEMAS[verb.schema]]].copy()
    types = hyperparameter_types(type(net))
    own = {_column(name): value for name, value in flat_hyperparameters(net).items()}
    beside = {name: (own.get(name), dtype) for name, dtype in types.items()}
    for name, option in verb.options.items():
        if option.dtype is not None:
            value = options[name]
            beside[name] = (",".join(map(str, value)) if isinstance(value, list) else value, option.dtype)
    beside["seed"] = (cell.seed, "Int64")
    beside["cell"] = (cell.name, "str")
    for name, (value, dtype) in beside.items():
        if name not in found:
            found[name] = pd.Series([value] * len(found), index=found.index, dtype=dtype)
    found.attrs["provenance"] = {
        **table.attrs["provenance"],
        "sweep": {"cell": cell.name, "verb": cell.verb, "options": options, "seed": cell.seed},
    }
    return found


def hyperparameter_types(cls: type[Architecture]) -> dict[str, str]:
    """The columns of a card's hyperparameters and their types, those of every amplitude law that it may have included.

    A dot, which SQL would have quoted, is an underscore here: ``amplitude_mu``.
    """
    found = {}
    for name, hint in field_types(cls).items():
        found[name] = _dtype(hint)
        if isinstance(hint, type) and issubclass(hint, AmplitudeLaw):
            for law in (*NAMED_LAWS.values(), type(cls.__dataclass_fields__[name].default)):
                found |= {_column(f"{name}.{inner}"): _dtype(of) for inner, of in field_types(law).items()}
    return found


def _column(name: str) -> str:
    return name.replace(".", "_")


def _dtype(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "Int64" if all(isinstance(choice, int) for choice in get_args(hint)) else "str"
    kind = get_args(hint)[:1] or (hint,)
    return {int: "Int64", float: "float64", bool: "boolean"}.get(kind[0], "str")
