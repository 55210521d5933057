"""The axioms as a tidy table, and the matrix cards x axioms of the whole catalogue."""

from collections.abc import Iterator, Sequence

import pandas as pd

from nnqft_ppl import models
from nnqft_ppl.axioms.osterwalder_schrader import DRAWS, Conclusion, axiom_verdicts, conclude
from nnqft_ppl.axioms.verdicts import Verdict
from nnqft_ppl.reports.provenance import card_name, flat_hyperparameters
from nnqft_ppl.reports.schemas import validate_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.text import told
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned


def axiom_table(model: Model, verdicts: Sequence[Verdict], seed: int = 0) -> pd.DataFrame:
    """The verdicts as a tidy table in the schema ``axioms``, with a column for each hyperparameter."""
    net = conditioned(model).net
    table = pd.DataFrame([v._asdict() for v in verdicts]).rename(columns={"outcome": "verdict"})
    table["draws"] = pd.array([v.draws for v in verdicts], dtype="Int64")
    table["seed"] = pd.array([None if v.draws is None else seed for v in verdicts], dtype="Int64")
    for name, value in {"card": card_name(net), **flat_hyperparameters(net), "version": VERSION}.items():
        table[name] = value
    table.attrs["provenance"] = {"theory": repr(net), **told(model)}
    return validate_table(table, "axioms")


def axiom_tables(found: Sequence[tuple[Model, Sequence[Verdict]]], seed: int = 0) -> pd.DataFrame:
    """The tables of several theories, one below the other; the provenance has the text of each by its card."""
    tables = [axiom_table(net, verdicts, seed) for net, verdicts in found]
    table = pd.concat(tables, ignore_index=True)
    texts = {card_name(conditioned(net).net): one["text"] for net, _ in found if "text" in (one := told(net))}
    table.attrs["provenance"] = {"texts": texts}
    return table


def catalogue_axioms(
    dim: int, *, draws: int = DRAWS, seed: int = 0
) -> Iterator[tuple[Architecture, list[Verdict], Conclusion]]:
    """The matrix cards x axioms, card by card: each at its defaults, in `dim` dimensions if it lives there."""
    for name in models.names():
        net = in_dimension(name, dim)
        found = axiom_verdicts(net, draws=draws, seed=seed)
        yield net, found, conclude(net, found)


def in_dimension(name: str, dim: int) -> Architecture:
    """The card at its defaults in `dim` dimensions, or in those of its defaults where `dim` breaks a rule of it."""
    try:
        return models.load(name, dim=dim)
    except InputError:
        return models.load(name)
