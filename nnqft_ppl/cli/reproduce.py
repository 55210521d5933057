"""``nnqft reproduce``: the studies and their scoreboard."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from nnqft_ppl.cli.options import clear_errors, console, number
from nnqft_ppl.runtime.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from nnqft_ppl.studies import Row


def reproduce(
    studies: Annotated[list[str] | None, typer.Argument(help="Names of studies; all of them by default.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer draws of fewer cases, for every equation; larger errors.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=1_000_000, help="Another seed, other draws in every row.")] = 0,
    all_rows: Annotated[
        bool, typer.Option("--all-rows", help="Print every row, not those alone that fall short.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Studies at a time; by default one for each CPU.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for tables, pictures and the scoreboard.")] = Path("results"),
) -> None:
    """Run the studies of the paper's claims and print the scoreboard: a line a study, a line an equation.

    Each equation is shown with the strongest route by which it was tested: draws, enumeration, quadrature, other code,
    or an identity, which proves nothing by itself. Rows that fall short are printed whole; all of them are in
    scoreboard.csv. A study on its own shows the progress of its parts, several show theirs together. The exit status
    is 1 if any row falls short.

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
                rows += door.run(name, out, quick=quick, seed=seed, progress=True)
        else:
            found = {}
            with progress_bar("studies", len(chosen), shown=True) as advance:
                for name, ended in door.run_all(chosen, out, quick=quick, seed=seed, jobs=jobs):
                    found[name] = ended
                    advance(1, None)
                    typer.echo(f"[{len(found)}/{len(chosen)}] {name}", err=True)
            rows = [row for name in chosen for row in found[name]]
        from nnqft_ppl.reports.tables import write_table

        board = door.scoreboard(rows)
        write_table(board, out / "scoreboard.parquet", "scoreboard")
        write_table(board, out / "scoreboard.csv", "scoreboard")
        equations = door.by_equation(rows)
        equations.to_csv(out / "equations.csv", index=False)
        short = [row for row in rows if row.verdict != "holds"]
        if all_rows or short:
            console().print(_rows_table(rows if all_rows else short))
        console().print(_studies_table(rows))
        console().print(_equations_table(equations))
        typer.echo(f"{len(rows) - len(short)} of {len(rows)} rows hold; tables and pictures are in {out}/")
    if short:
        raise typer.Exit(1)


def _rows_table(rows: "list[Row]") -> Table:
    view = Table("equation", "route", "statement", "expected", "measured", "error", "verdict", box=None, pad_edge=False)
    for row in rows:
        numbers = (f"{row.expected:.6g}", f"{row.measured:.6g}", number(row.error, ".1e"))
        view.add_row(row.equation, row.route, escape(row.statement), *numbers, _coloured(row.verdict == "holds"))
    return view


def _studies_table(rows: "list[Row]") -> Table:
    view = Table("study", "rows", "draws", "verdict", box=None, pad_edge=False)
    for name in dict.fromkeys(row.study for row in rows):
        own = [row for row in rows if row.study == name]
        drawn = sum(row.route == "draws" for row in own)
        view.add_row(name, str(len(own)), str(drawn), _coloured(all(row.verdict == "holds" for row in own)))
    return view


def _equations_table(equations: "pd.DataFrame") -> Table:
    """Of the equations that have a row: the strongest route, the rows by draws and in all, and in how many cards."""
    from nnqft_ppl.studies import ROUTES

    view = Table("equation", "strongest route", "draws", "rows", "cards drawn", "d", box=None, pad_edge=False)
    lines: Any = equations[equations["strongest"].notna()]
    for line in lines.to_dict("records"):
        total = sum(line[route] for route in ROUTES)
        cards = len(line["cards"].split(", ")) if line["cards"] else 0
        view.add_row(
            line["equation"], line["strongest"], str(line["draws"]), str(total), str(cards or ""), line["dims"]
        )
    return view


def _coloured(holds: bool) -> str:
    return "[green]holds[/]" if holds else "[bold red]falls short[/]"
