"""The tables of a page: cells that sort by their values, and the same numbers, whole, as CSV beside it."""

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nnqft_ppl.atlas.curves import MARKS, Curve
from nnqft_ppl.atlas.facts import Facts, Missing
from nnqft_ppl.atlas.fates import Axioms, Classical
from nnqft_ppl.atlas.formulas import mathml
from nnqft_ppl.reports.tables import write_table
from nnqft_ppl.runtime.files import write_atomically


class Cell(NamedTuple):
    """What is shown, as HTML or as text, and by what it sorts."""

    text: str
    sort: str = ""
    html: str = ""
    mark: str = ""  #: class of the style sheet


class Table(NamedTuple):
    """A table with its caption; numbers stand right."""

    caption: str
    heads: tuple[str, ...]
    rows: list[list[Cell]]
    numeric: tuple[int, ...] = ()  #: columns
    download: str = ""


def number(value: float, form: str = ".4g") -> Cell:
    if not math.isfinite(value):
        return Cell("—", "")
    return Cell(format(value, form).replace("-", "−"), repr(float(value)))


def hyperparameters(facts: Facts) -> Table:
    """Every hyperparameter with its range, its value in the atlas, and what it means."""
    rows = []
    for one in facts.entry.hyperparameters:
        value = getattr(facts.theory, one.name)
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        rows.append(
            [Cell(one.name, mark="code"), Cell(readable(one.range)), Cell(shown), Cell("", html=mathml(one.meaning))]
        )
    return Table("Hyperparameters", ("name", "range", "value here", "meaning"), rows)


def readable(annotation: str) -> str:
    """The range of a hyperparameter without what only JAX asks for."""
    inner = re.sub(r"^Static\[(.*)\]$", r"\1", annotation)
    choice = re.fullmatch(r"Literal\[(.*)\]", inner)
    return choice[1].replace("'", "").replace(", ", " or ") if choice else inner


def theorems(facts: Facts) -> Table:
    rows = []
    for one in facts.theorems:
        equations = ", ".join(e if ":" in e else f"({e})" for e in one.equations)
        rows.append([Cell(one.quantity, mark="code"), Cell(equations), Cell("", html=mathml(one.statement))])
    return Table("Closed forms", ("method", "equations", "what it states"), rows)


def correlators(table: pd.DataFrame, download: str) -> Table:
    """G2(0, r) and G4c(0, r, 0, r) by draws beside exact values; all orders and kinds are in the CSV file."""
    rows = []
    two, four = ((table["order"] == n) & (table["kind"] == kind) for n, kind in ((2, "full"), (4, "connected")))
    drawn: Any = table[(two | four) & (table["estimator"] != "exact") & (table["configuration"] < len(MARKS))]
    for row in drawn.to_dict("records"):
        numbers = [number(row[name]) for name in ("estimate", "mcse", "exact")]
        which = f"G{row['order']}{'c' if row['kind'] == 'connected' else ''}"
        place = number(float(MARKS[row["configuration"]]))
        rows.append([Cell(which), place, Cell(str(row["estimator"])), *numbers, number(row["z"], "+.2f")])
    heads = ("correlator", "r / length", "estimator", "estimate", "standard error", "exact", "z")
    return Table("G2(0, r) and the connected G4c(0, r, 0, r)", heads, rows, (1, 3, 4, 5, 6), download)


def axiom_verdicts(found: Axioms, download: str) -> Table:
    rows = []
    for one in found.verdicts:
        verdict = Cell(one.outcome, mark=one.outcome.replace(" ", "-"))
        rows.append(
            [
                Cell(one.axiom),
                Cell(one.test),
                verdict,
                number(one.statistic, ".3g"),
                number(one.tolerance, ".3g"),
                Cell(one.detail),
            ]
        )
    heads = ("axiom", "test", "verdict", "measured", "tolerance", "remark")
    return Table("Axioms and symmetries at this width", heads, rows, (3, 4), download)


def fates(found: Classical) -> Table:
    rows = [
        [Cell(one.symmetry), Cell(one.fate, mark=one.fate.split()[0]), Cell(one.seen_by), Cell(one.vacua)]
        for one in found.fates
    ]
    return Table("What became of the symmetries", ("symmetry", "fate", "seen by", "vacua"), rows)


def classical_neurons(found: Classical) -> Table:
    rows = [[number(one.log_p), Cell(one.what), Cell(one.parameters)] for one in found.modes]
    return Table("Classical neurons: modes of P(θ_h)", ("log P", "what", "parameters"), rows, (0,))


def write_csv(facts: Facts, folder: Path) -> dict[str, str]:
    """The tables of a theory as CSV files; their names, relative to the atlas."""
    written = {}
    for name, table in (("correlators", facts.correlators), ("axioms", facts.axiom_table)):
        if isinstance(table, pd.DataFrame):
            file = folder / f"{facts.entry.name}.{name}.csv"
            write_table(table, file, name)  # pyright: ignore[reportArgumentType]
            written[name] = f"{folder.name}/{file.name}"
    parts = [_curve(name, getattr(facts, name)) for name in ("two_point", "spectrum", "width")]
    parts = [part for part in parts if part is not None]
    if parts:
        file = folder / f"{facts.entry.name}.curves.csv"
        whole = pd.concat(parts, ignore_index=True)
        write_atomically(file, lambda target: whole.to_csv(target, index=False))
        written["curves"] = f"{folder.name}/{file.name}"
    return written


def _curve(name: str, curve: Curve | Missing) -> pd.DataFrame | None:
    """A curve and its estimates, one below the other."""
    if isinstance(curve, Missing):
        return None
    known = np.isfinite(curve.exact)
    exact = pd.DataFrame(
        {"quantity": name, "x": curve.x[known], "value": curve.exact[known], "mcse": 0.0, "route": "exact"}
    )
    drawn = pd.DataFrame(
        {"quantity": name, "x": curve.places, "value": curve.estimate, "mcse": curve.mcse, "route": curve.estimator}
    )
    return pd.concat([part for part in (exact, drawn) if len(part)], ignore_index=True)
