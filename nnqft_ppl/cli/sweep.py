"""``nnqft sweep``: a verb over a grid of theories, here or on a cluster, into one dataset."""

from pathlib import Path
from typing import Annotated

import typer

from nnqft_ppl.cli.options import JsonOption
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.progress import say


def sweep(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan, .toml.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the cells.", show_default="the plan's name without .toml")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Cells at a time; 1: in this process.", show_default="one for each CPU")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="K/N", help="The K-th of N parts of the plan alone, for a job array.")
    ] = None,
    merge: Annotated[
        list[Path] | None, typer.Option(help="Take the cells of another folder, and compute none; repeat it.")
    ] = None,
    scheduler: Annotated[str | None, typer.Option(help="The address of a Dask scheduler, tcp://host:8786.")] = None,
    cluster: Annotated[
        str | None, typer.Option(help="slurm or pbs: as many jobs of a queue as --jobs, by the plan's [cluster].")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compute a table for every theory of a grid: correlators, axioms, modes, ..., each in a file of its own.

    A plan has a verb (`correlators`, `axioms`, `modes`, `breaking`, `vacua`, `energies`, `action`, `interact` or
    `posterior`), a theory, a grid of hyperparameters and options, seeds, and options for all. With `[[grid]]`, several
    times, the grids stand one after another.

    ```toml
    verb = "correlators"
    seeds = [0, 1, 2]

    [theory]                    # or theory = "theory.toml"
    card = "cos_net"

    [grid]                      # every combination
    width = [10, 100]
    sigma_b = [0.5, 1.0, 2.0]
    amplitude = ["gaussian", "laplace"]

    [options]                   # of the verb
    orders = [2, 4]
    estimators = ["exact", "neuron"]
    draws = 100000
    ```

    Cells that are there are not computed again: an interrupted run goes on when the same command is given again, and
    a grid may grow. The results are the same, bit for bit, for any number of jobs. Read them with
    `nnqft_ppl.read_sweep("plan")`, or in DuckDB with `FROM 'plan/verb=correlators/*/*.parquet'`. The exit status is 1
    if a cell failed, or is missing after `--merge`.

    Example: `nnqft sweep examples/widths.toml --out widths`

    Example: `nnqft sweep plan.toml --shard $SLURM_ARRAY_TASK_ID/16 --jobs 1`
    """
    folder = Path(plan.stem) if out is None else out

    def kept() -> str:
        count = sum(1 for _ in folder.glob("verb=*/*/*.parquet"))
        return f"{count} cells in {folder}" if count else ""

    with answering("sweep", as_json, keeps=kept) as screen:
        if merge and (jobs is not None or shard is not None or scheduler is not None or cluster is not None):
            raise InputError("--merge computes nothing; leave out --jobs, --shard, --scheduler and --cluster")
        if not plan.is_file():
            raise InputError(f"plan must be a file in TOML, got {str(plan)!r}")
        from nnqft_ppl.runtime.jax_settings import enable_x64

        enable_x64()
        from nnqft_ppl.sweeps.dataset import close, missing, prepare
        from nnqft_ppl.sweeps.dataset import merge as take
        from nnqft_ppl.sweeps.plan import read_plan
        from nnqft_ppl.sweeps.sweep import run, share
        from nnqft_ppl.sweeps.where import Where

        found = read_plan(plan)
        cells = share(found.cells, shard)
        part = "" if shard is None else f", of which {len(cells)} in part {shard}"
        say(f"plan: {len(found.cells)} cells of {cells[0].verb if cells else found.cells[0].verb}{part}")
        if merge:
            prepare(folder)
            taken = take(merge, folder, cells)
            close(folder)
            left = missing(folder, cells)
            screen.say(f"{taken} cells taken, {len(cells) - taken - len(left)} were there, {len(left)} are missing")
            screen.give(cells=len(cells), taken=taken, missing=[{"cell": one.name, "label": one.label} for one in left])
            screen.wrote(folder)
            bad = bool(left)
        else:
            where = Where(jobs, scheduler, cluster, found.cluster)
            swept = run(cells, folder, where, progress=True, shard=shard or "1/1")
            if swept.failed:
                screen.table(("cell", "of", "why it failed"), swept.failed)
            screen.say(f"{swept.new} cells computed, {swept.there} were there, {len(swept.failed)} failed")
            screen.give(cells=len(cells), **swept._asdict())
            screen.wrote(folder)
            bad = bool(swept.failed)
    if bad:
        raise typer.Exit(1)
