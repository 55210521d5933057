"""``nnqft reproduce``: the studies and their scoreboard."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nnqft_ppl.cli.options import clear_errors, console, number
from nnqft_ppl.runtime.errors import InputError

if TYPE_CHECKING:
    from nnqft_ppl.studies import Row


def reproduce(
    studies: Annotated[list[str] | None, typer.Argument(help="Names of studies; all of them by default.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer draws of fewer cases, for every equation; larger errors.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Studies at a time; by default one for each CPU.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for tables, pictures and the scoreboard.")] = Path("results"),
) -> None:
    """Run the studies of the paper's claims and print the scoreboard, one row an equation.

    A study on its own shows the progress of its parts, several show theirs together. The exit status is 1 if any row
    falls short.

    Example: `nnqft reproduce two_point interactions --quick`
    """
    with clear_errors():
        from nnqft_ppl import studies as door
        from nnqft_ppl.runtime.jax_settings import enable_x64
        from nnqft_ppl.runtime.progress import progress_bar

        if jobs is not None and jobs < 1:
            raise InputError(f"jobs must be at least 1, got {jobs}")
        jobs = jobs or os.cpu_count() or 1
        for name in studies or []:
            if name not in door.names():
                raise InputError(f"study must be one of {', '.join(door.names())}, got {name!r}")
        chosen = [name for name in door.names() if not studies or name in studies]
        rows: list[Row] = []
        if min(jobs, len(chosen)) == 1:
            enable_x64()
            for name in chosen:
                typer.echo(name, err=True)
                rows += door.run(name, out, quick=quick, progress=True)
        else:
            found = {}
            with progress_bar("studies", len(chosen), shown=True) as advance:
                for name, ended in door.run_all(chosen, out, quick=quick, jobs=jobs):
                    found[name] = ended
                    advance(1, None)
                    typer.echo(f"[{len(found)}/{len(chosen)}] {name}", err=True)
            rows = [row for name in chosen for row in found[name]]
        from nnqft_ppl.reports.tables import write_table

        board = door.scoreboard(rows)
        write_table(board, out / "scoreboard.parquet", "scoreboard")
        write_table(board, out / "scoreboard.csv", "scoreboard")
        console().print(_scoreboard_table(rows))
        short = sum(row.verdict != "holds" for row in rows)
        typer.echo(f"{len(rows) - short} of {len(rows)} rows hold; tables and pictures are in {out}/")
    if short:
        raise typer.Exit(1)


def _scoreboard_table(rows: "list[Row]") -> Table:
    view = Table("equation", "statement", "expected", "measured", "error", "verdict", box=None, pad_edge=False)
    for row in rows:
        colour = "green" if row.verdict == "holds" else "bold red"
        numbers = (f"{row.expected:.6g}", f"{row.measured:.6g}", number(row.error, ".1e"))
        view.add_row(row.equation, escape(row.statement), *numbers, f"[{colour}]{row.verdict}[/]")
    return view
