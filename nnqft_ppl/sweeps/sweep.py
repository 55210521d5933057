"""`sweep`: a verb over a grid of theories, seeds and options, into one tidy dataset."""

import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import pandas as pd

from nnqft_ppl.runtime.errors import InputError, said
from nnqft_ppl.runtime.files import writing
from nnqft_ppl.runtime.progress import progress_bar, say
from nnqft_ppl.sweeps.cells import Cell, computed, place
from nnqft_ppl.sweeps.dataset import close, missing, prepare, read_cells, write_cell
from nnqft_ppl.sweeps.engine import done
from nnqft_ppl.sweeps.plan import planned
from nnqft_ppl.sweeps.where import Where
from nnqft_ppl.theory.conditioned import Model


class Failure(NamedTuple):
    """A cell that has no result, and why."""

    cell: str
    label: str
    why: str


class Swept(NamedTuple):
    """What a run did of a plan."""

    there: int  #: cells that had a file before
    new: int
    failed: tuple[Failure, ...]


def sweep(
    card: str | Model | Sequence[str],
    grid: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    *,
    verb: str = "correlators",
    seeds: Iterable[int] = (0,),
    out: str | Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    progress: bool = False,
    **options: Any,
) -> pd.DataFrame:
    """A verb over a grid of theories P(theta; eps) of (1), seeds and options, as one tidy table.

    Every cell of the grid is a file of its own, written whole or not at all. Cells that are there already are not
    computed again: the same call goes on where it was interrupted, and a grid that has grown computes what is new.

    Parameters
    ----------
    card
        A card's name, several names, or a theory; of a theory with data, sources or actions these stay.
    grid
        Lists of values by the names of hyperparameters, ``amplitude.mu`` included, or of options of the verb: every
        combination of them is a cell. Or several such tables, one after another.
    verb
        ``correlators``, ``axioms``, ``modes``, ``breaking``, ``vacua``, ``energies``, ``action``, ``interact`` or
        ``posterior``.
    seeds
        Seeds of the draws; a result that has none is computed once.
    out
        A folder for the cells; without it they are in no file when the call ends.
    jobs, scheduler
        Cells at a time, by default one for each CPU; with 1 they are computed in this process, otherwise in processes
        of Dask. Or the address of a Dask scheduler, whose workers are all asked. A script that starts processes has to
        stand under ``if __name__ == "__main__":``.
    progress
        Say on standard error how many cells are left, and for how long.
    **options
        Options of the verb, such as ``orders``, ``kinds``, ``estimators``, ``draws`` and ``points`` of correlators.

    Returns
    -------
    A DataFrame in the schema of the verb, with a column for each hyperparameter, the ``seed`` and the ``cell``, ordered
    by hyperparameters and seed: the cells of this grid alone. A cell that fails is a warning, and the others are there.

    Raises
    ------
    InputError
        before any work, for a name or a value in the grid or among the options that breaks a rule.

    Examples
    --------
    G2(0) of Cos-net is sigma_a^2/2 at any width:

    >>> grid = {"width": [10, 20], "sigma_a": [1.0, 2.0]}
    >>> asked = {"orders": [2], "kinds": ["full"], "estimators": ["exact"], "points": [[0.0], [0.0]]}
    >>> table = nq.sweep("cos_net", grid, **asked, jobs=1)
    >>> table[["width", "sigma_a", "estimate"]].values.tolist()
    [[10, 1.0, 0.5], [10, 2.0, 2.0], [20, 1.0, 0.5], [20, 2.0, 2.0]]
    """
    check_precision()
    tables = [dict(one) for one in ([grid or {}] if isinstance(grid, Mapping) or grid is None else grid)]
    theory: Any = {} if isinstance(card, list | tuple) else {"card": card} if isinstance(card, str) else card
    if isinstance(card, list | tuple):
        tables = [{"card": list(card), **one} for one in tables]
    plan = planned({"verb": verb, "theory": theory, "grid": tables, "seeds": list(seeds), "options": options})
    where = Where(jobs, scheduler)
    with tempfile.TemporaryDirectory() as nowhere:
        folder = Path(nowhere if out is None else out)
        found = run(plan.cells, folder, where, progress=progress)
        for one in found.failed:
            warnings.warn(f"cell {one.label}: {one.why}", stacklevel=2)
        files = [place(folder, cell) for cell in plan.cells]
        return read_cells(verb, [file for file in files if file.is_file()])


def check_precision() -> None:
    """`InputError` in single precision: the cells of one sweep are to be comparable."""
    if not jax.config.read("jax_enable_x64"):
        raise InputError("sweep needs double precision, so that all of its cells have one; call enable_x64() first")


def share(cells: Sequence[Cell], shard: str | None) -> tuple[Cell, ...]:
    """The cells of one of several runs: ``3/16`` is the third of sixteen. A cell stays where it is if a grid grows."""
    if shard is None:
        return tuple(cells)
    first, slash, second = shard.partition("/")
    numbers = [int(word) if word.isdecimal() else 0 for word in (first, second)]
    if not slash or not 1 <= numbers[0] <= numbers[1]:
        raise InputError(f"shard must be K/N with 1 <= K <= N, got {shard!r}")
    return tuple(cell for cell in cells if int(cell.name, 16) % numbers[1] == numbers[0] - 1)


def run(cells: Sequence[Cell], folder: Path, where: Where, *, progress: bool = False, shard: str = "1/1") -> Swept:
    """Compute the cells that are not there; another run of the same shard waits for the end of this one."""
    prepare(folder)
    failed = []
    try:
        with writing(folder / f"shard-{shard.replace('/', '-of-')}"):
            left = missing(folder, cells)
            there = len(cells) - len(left)
            with progress_bar("sweep", len(cells), progress and bool(left), begun=there, unit="cells") as advance:
                for number, found in done(computed, left, where, lambda: advance(0)):
                    cell = left[number]
                    if isinstance(found, Exception):
                        failed.append(Failure(cell.name, cell.label, _why(found)))
                        say(f"note: cell {cell.label} failed: {failed[-1].why}")
                    else:
                        write_cell(folder, cell, found)
                        for note in found.notes:
                            say(f"note: cell {cell.label}: {note}")
                    advance(1)
    finally:
        close(folder)
    return Swept(there, len(left) - len(failed), tuple(failed))


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else said(error)
