"""The classical world as tidy tables: modes, their parameters, and what became of symmetries."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nnqft_ppl.classical.breaking import Breaking
from nnqft_ppl.classical.maxima import Modes
from nnqft_ppl.reports.provenance import card_name, flat_hyperparameters
from nnqft_ppl.reports.schemas import Schema, validate_table
from nnqft_ppl.runtime.version import VERSION
from nnqft_ppl.text import told
from nnqft_ppl.theory.architecture import Architecture
from nnqft_ppl.theory.conditioned import Model, conditioned


def modes_table(model: Model, found: Modes, *, seed: int) -> pd.DataFrame:
    """One row for each mode, up to relabelling, in the schema ``modes``; most probable first."""
    rows = []
    for number, mode in enumerate(found.found):
        negative, zero, positive = mode.signature
        rows.append(
            {
                "sites": ",".join(mode.theta),
                "mode": number,
                "log_p": mode.log_p,
                "what": mode.kind,
                "slope": mode.slope,
                "n_neg": negative,
                "n_zero": zero,
                "n_pos": positive,
                "moduli": mode.moduli,
                "copies": float(mode.copies),
                "orbit": mode.orbit,
                "field": pd.NA if mode.field < 0 else mode.field,
                "share": mode.share,
                "starts": found.starts,
                "unseen": found.unseen,
                "seed": seed,
            }
        )
    return _table(model, [_theory(conditioned(model).net) | row for row in rows], "modes")


def parameters_table(model: Model, found: Modes) -> pd.DataFrame:
    """One row for each number in theta* of each mode, in the schema ``parameters``."""
    rows = [
        {"mode": number, "site": site, "entry": entry, "value": float(value)}
        for number, mode in enumerate(found.found)
        for site, values in mode.theta.items()
        for entry, value in enumerate(values.ravel())
    ]
    return _table(model, rows, "parameters")


def breaking_table(net: Architecture, fates: Sequence[Breaking]) -> pd.DataFrame:
    """One row for each symmetry, in the schema ``breaking``."""
    return _table(net, [_theory(net) | one._asdict() for one in fates], "breaking")


def _table(model: Model, rows: list[dict[str, Any]], schema: Schema) -> pd.DataFrame:
    table = validate_table(pd.DataFrame(rows), schema)
    table.attrs["provenance"] = {"theory": repr(conditioned(model).net), **told(model)}
    return table


def _theory(net: Architecture) -> dict[str, Any]:
    return {"card": card_name(net), **flat_hyperparameters(net), "version": VERSION}
