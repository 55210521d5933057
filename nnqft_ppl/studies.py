"""Studies: one runnable claim of the paper each, ending in rows of a scoreboard; and the door to their folder.

A study is a file of `analysis/` with a function ``run(study)``. It hands every number it finds to one of the three
checks below, which hold the number against what the equation says: no study states a verdict itself. With the number
goes the route by which it came, as a row is evidence only as far as its two sides share nothing:

    draws        networks, fields or chains that were sampled
    enumeration  a sum over all cases, or a list of them
    quadrature   an integral over parameters or momenta, a root or a maximum, found numerically
    other code   an implementation that shares nothing with the first: the exact engine, another library, published data
    identity     algebra on formulas of one source: it can show a printed form wrong, and no formula right
"""

import importlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, SupportsFloat, get_args

import pandas as pd

from nnqft_ppl.axioms.verdicts import Z_LIMIT
from nnqft_ppl.reports.figures import DPI, style
from nnqft_ppl.reports.provenance import card_name
from nnqft_ppl.reports.schemas import Schema
from nnqft_ppl.reports.tables import write_table
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import content
from nnqft_ppl.sweeps.engine import done
from nnqft_ppl.sweeps.where import Where

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nnqft_ppl.theory.architecture import Architecture

#: How a measured value came about, the strongest first.
Route = Literal["draws", "enumeration", "quadrature", "other code", "identity"]
ROUTES: tuple[Route, ...] = get_args(Route)

#: The numbered equations of the paper and of its supplement.
EQUATIONS = (*(f"({k})" for k in range(1, 45)), *(f"(S{k})" for k in range(1, 16)))

_STUDIES = content("analysis")

#: Data that the project ships.
EXAMPLES = content("examples")

__path__ = [str(_STUDIES)]

#: The order in which `nnqft reproduce` runs them: the main job, then the paper from its beginning to its end.
ORDER = (
    "published",
    "printed_forms",
    "theorems",
    "two_point",
    "interactions",
    "network_actions",
    "generating_functional",
    "near_gaussianity",
    "independence_breaking",
    "deep_nets",
    "composed_nets",
    "vectors",
    "classical_lines",
    "landscapes",
    "symmetry_breaking",
    "many_bottles",
    "symmetries",
    "reflection_positivity",
    "spectral_densities",
    "cluster_decomposition",
    "quantum_mechanics",
    "free_scalar",
    "design",
    "large_width_duality",
    "mixed_correlators",
    "gp_limit",
    "posterior",
    "gibbs_coupling",
    "anharmonic",
    "phi4_plane",
    "calibration",
)

#: Those that take longest, by their CPU time with no program kept, in full and in a quick run.
LONGEST = (
    "calibration",
    "theorems",
    "gp_limit",
    "interactions",
    "symmetry_breaking",
    "posterior",
    "anharmonic",
    "phi4_plane",
    "mixed_correlators",
    "landscapes",
    "symmetries",
)


class Row(NamedTuple):
    """One line of the scoreboard: an equation, what it says, what was measured, and between which bounds it holds."""

    study: str
    equation: str
    route: Route
    card: str | None
    dim: int | None
    statement: str
    expected: float
    measured: float
    error: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``holds`` or ``falls short``; a value that is not a number falls short."""
        return "holds" if self.low <= self.measured <= self.high else "falls short"


class Study:
    """What a study works with: where its results go, how much work is asked for, its seeds, and the checks."""

    def __init__(self, name: str, out: Path, *, quick: bool = False, seed: int = 0, progress: bool = False) -> None:
        self.name, self.out, self.quick, self.progress = name, out, quick, progress
        self._seed = seed
        self.rows: list[Row] = []

    def seed(self, k: int) -> int:
        """The k-th seed of this run, k < 1000; another run's are all different."""
        return 1000 * self._seed + k

    def exact(
        self,
        equation: str,
        statement: str,
        expected: float,
        measured: float,
        tolerance: float = 1e-10,
        *,
        route: Route,
        of: "Architecture | None" = None,
    ) -> None:
        """Two exact values agree to a relative tolerance (absolute where the expected value is zero)."""
        error = tolerance * (abs(expected) or 1.0)
        self._add(equation, route, of, statement, expected, measured, error, expected - error, expected + error)

    def monte_carlo(
        self,
        equation: str,
        statement: str,
        expected: float,
        measured: float,
        mcse: float,
        *,
        of: "Architecture | None" = None,
    ) -> None:
        """Draws agree with their expectation within 5 standard errors; an error of zero proves nothing."""
        reach = Z_LIMIT * mcse if mcse > 0 else math.nan
        self._add(equation, "draws", of, statement, expected, measured, mcse, expected - reach, expected + reach)

    def between(
        self,
        equation: str,
        statement: str,
        expected: float,
        measured: float,
        low: float,
        high: float,
        *,
        route: Route,
        of: "Architecture | None" = None,
    ) -> None:
        """A value lies between bounds that the statement itself gives."""
        self._add(equation, route, of, statement, expected, measured, math.nan, low, high)

    def table(self, table: pd.DataFrame, name: str, schema: Schema = "correlators") -> None:
        """Write a tidy table among the results, as Parquet."""
        write_table(table, self.out / f"{name}.parquet", schema)

    @contextmanager
    def figure(self, name: str, columns: int = 1, title: str = "") -> Iterator[tuple["Figure", Any]]:
        """A matplotlib figure with `columns` axes side by side, written as PNG among the results at the end."""
        import matplotlib as mpl
        from matplotlib.figure import Figure

        with mpl.rc_context(style(4.8 * columns)):
            figure = Figure(figsize=(4.8 * columns, 3.8), layout="constrained")
            yield figure, figure.subplots(1, columns)
            if title:
                figure.suptitle(title)
            figure.savefig(self.out / f"{name}.png", dpi=DPI)

    def _add(
        self, equation: str, route: Route, of: "Architecture | None", statement: str, *numbers: SupportsFloat
    ) -> None:
        card, dim = (None, None) if of is None else (card_name(of), of.dim)
        self.rows.append(Row(self.name, equation, route, card, dim, statement, *map(float, numbers)))


def names() -> tuple[str, ...]:
    """The names of all studies, in the order in which they run."""
    present = sorted(file.stem for file in _STUDIES.glob("[!_]*.py"))
    return tuple(sorted(present, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)))


def run(name: str, out: str | Path, *, quick: bool = False, seed: int = 0, progress: bool = False) -> list[Row]:
    """Run one study; tables and figures go to `out`, the rows come back. Another `seed`, other draws.

    Raises
    ------
    InputError
        for an unknown study, or a folder that cannot be made.
    """
    if name not in names():
        raise InputError(f"study must be one of {', '.join(names())}, got {name!r}")
    out = make_folder(out)
    study = Study(name, out, quick=quick, seed=seed, progress=progress)
    importlib.import_module(f"{__name__}.{name}").run(study)
    return study.rows


def make_folder(out: str | Path) -> Path:
    """The folder for results, which is made where it is not there; `InputError` where it cannot be."""
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"output folder {str(out)!r} cannot be made: {error.strerror}") from error
    return Path(out)


def run_all(
    chosen: Sequence[str], out: str | Path, *, quick: bool = False, seed: int = 0, jobs: int = 2
) -> Iterator[tuple[str, list[Row]]]:
    """Run studies in `jobs` processes at a time; the name and the rows of each, as they end.

    Most of a study's time is the compilation of its programs, which one process does on one core. Those that take
    LONGEST are begun first, so that none is left alone at the end. Whoever stops listening stops the processes too.

    Raises
    ------
    InputError
        as `run` does.
    """
    names = sorted(chosen, key=lambda name: LONGEST.index(name) if name in LONGEST else len(LONGEST))
    for number, found in done(partial(run, out=Path(out), quick=quick, seed=seed), names, Where(jobs)):
        if isinstance(found, Exception):
            raise found
        yield names[number], found


def scoreboard(rows: list[Row]) -> pd.DataFrame:
    """The rows as a tidy table in the schema ``scoreboard``."""
    return pd.DataFrame([{**row._asdict(), "verdict": row.verdict} for row in rows], columns=[*Row._fields, "verdict"])


def by_equation(rows: Sequence[Row]) -> pd.DataFrame:
    """For each numbered equation its rows by route, the strongest of them, and what was drawn for it."""
    lines = []
    for equation in EQUATIONS:
        own = [row for row in rows if equation in row.equation.split(", ")]
        drawn = [row for row in own if row.route == "draws"]
        counts = {route: sum(row.route == route for row in own) for route in ROUTES}
        lines.append(
            {
                "equation": equation,
                "strongest": next((route for route in ROUTES if counts[route]), None),
                **counts,
                "cards": ", ".join(sorted({row.card for row in drawn if row.card})),
                "dims": ", ".join(str(dim) for dim in sorted({row.dim for row in drawn if row.dim})),
                "short": sum(row.verdict != "holds" for row in own),
            }
        )
    return pd.DataFrame(lines)
