"""The classical world as tidy tables: modes, their parameters, and what became of symmetries."""

from collections.abc import Sequence

import pandas as pd

from nnqft_ppl.classical.breaking import Breaking
from nnqft_ppl.classical.maxima import Modes
from nnqft_ppl.classical.vacua import Vacua
from nnqft_ppl.reports.provenance import theory_table
from nnqft_ppl.reports.schemas import validate_table
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
    return theory_table(model, rows, "modes")


def parameters_table(model: Model, found: Modes) -> pd.DataFrame:
    """One row for each number in theta* of each mode, in the schema ``parameters``."""
    rows = [
        {"mode": number, "site": site, "entry": entry, "value": float(value)}
        for number, mode in enumerate(found.found)
        for site, values in mode.theta.items()
        for entry, value in enumerate(values.ravel())
    ]
    table = validate_table(pd.DataFrame(rows), "parameters")
    table.attrs["provenance"] = {"theory": repr(conditioned(model).net), **told(model)}
    return table


def breaking_table(net: Architecture, fates: Sequence[Breaking]) -> pd.DataFrame:
    """One row for each symmetry, in the schema ``breaking``."""
    return theory_table(net, [one._asdict() for one in fates], "breaking")


def vacua_table(net: Architecture, found: Vacua, *, seed: int) -> pd.DataFrame:
    """One row, in the schema ``vacua``."""
    row = {
        "expectation": found.radius,
        "manifold": found.dimension,
        "goldstones": found.goldstones,
        "moduli": found.moduli,
        "mass_squared": float(found.masses[-1]),
        "log_p": found.log_p,
        "neurons": found.neurons,
        "seed": seed,
    }
    return theory_table(net, [row], "vacua")
