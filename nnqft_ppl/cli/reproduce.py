"""``nnqft reproduce``: the studies and their scoreboard."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from nnqft_ppl.cli.options import JsonOption, check_least, complete_study, number
from nnqft_ppl.cli.screen import Screen, answering
from nnqft_ppl.runtime.errors import InputError
from nnqft_ppl.runtime.files import writing
from nnqft_ppl.runtime.progress import progress_bar, say

if TYPE_CHECKING:
    import pandas as pd

    from nnqft_ppl.studies import Row


def reproduce(
    studies: Annotated[
        list[str] | None,
        typer.Argument(help="Names of studies; all of them by default.", autocompletion=complete_study),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer draws of fewer cases, for every equation; larger errors.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=1_000_000, help="Another seed, other draws in every row.")] = 0,
    all_rows: Annotated[
        bool, typer.Option("--all-rows", help="Print every row, not those alone that fall short.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Studies at a time; by default one for each CPU.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for tables, pictures and the scoreboard.")] = Path("results"),
    as_json: JsonOption = False,
) -> None:
    """Run the studies of the paper's claims and print the scoreboard: a line a study, a line an equation.

    Each equation is shown with the strongest route by which it was tested: draws, enumeration, quadrature, other code,
    or an identity, which proves nothing by itself. Rows that fall short are printed whole; all of them are in
    scoreboard.csv. A study on its own shows the progress of its parts, several show theirs together. The exit status
    is 1 if any row falls short.

    Example: `nnqft reproduce two_point interactions --quick`
    """
    with answering("reproduce", as_json) as screen:
        check_least("jobs", jobs, 1)
        from nnqft_ppl import studies as door
        from nnqft_ppl.runtime.jax_settings import enable_x64

        jobs = jobs or os.cpu_count() or 1
        for name in studies or []:
            if name not in door.names():
                raise InputError(f"study must be one of {', '.join(door.names())}, got {name!r}")
        chosen = [name for name in door.names() if not studies or name in studies]
        with writing(door.make_folder(out)):
            rows: list[Row] = []
            if min(jobs, len(chosen)) == 1:
                enable_x64()
                for name in chosen:
                    say(name)
                    rows += door.run(name, out, quick=quick, seed=seed, progress=True)
            else:
                found = {}
                with progress_bar("studies", len(chosen), shown=True, unit="studies") as advance:
                    for name, ended in door.run_all(chosen, out, quick=quick, seed=seed, jobs=jobs):
                        found[name] = ended
                        advance(1)
                        say(f"[{len(found)}/{len(chosen)}] {name}")
                rows = [row for name in chosen for row in found[name]]
            from nnqft_ppl.reports.tables import write_table

            board = door.scoreboard(rows)
            write_table(board, out / "scoreboard.parquet", "scoreboard")
            write_table(board, out / "scoreboard.csv", "scoreboard")
            equations = door.by_equation(rows)
            equations.to_csv(out / "equations.csv", index=False)
        short = [row for row in rows if row.verdict != "holds"]
        if all_rows or short:
            _print_rows(screen, rows if all_rows else short)
        _print_studies(screen, rows)
        _print_equations(screen, equations)
        screen.say(f"{len(rows) - len(short)} of {len(rows)} rows hold; tables and pictures are in {out}/")
        screen.give(scoreboard=board, equations=equations)
    if short:
        raise typer.Exit(1)


def _print_rows(screen: Screen, rows: "list[Row]") -> None:
    lines = []
    for row in rows:
        numbers = (f"{row.expected:.6g}", f"{row.measured:.6g}", number(row.error, ".1e"))
        lines.append((row.equation, row.route, row.statement, *numbers, _verdict(row.verdict == "holds")))
    screen.table(("equation", "route", "statement", ">expected", ">measured", ">error", "verdict"), lines)


def _print_studies(screen: Screen, rows: "list[Row]") -> None:
    lines = []
    for name in dict.fromkeys(row.study for row in rows):
        own = [row for row in rows if row.study == name]
        drawn = sum(row.route == "draws" for row in own)
        lines.append((name, str(len(own)), str(drawn), _verdict(all(row.verdict == "holds" for row in own))))
    screen.table(("study", ">rows", ">draws", "verdict"), lines)


def _print_equations(screen: Screen, equations: "pd.DataFrame") -> None:
    """Of the equations that have a row: the strongest route, the rows by draws and in all, and in how many cards."""
    from nnqft_ppl.studies import ROUTES

    rows: Any = equations[equations["strongest"].notna()]
    lines = []
    for line in rows.to_dict("records"):
        total = sum(line[route] for route in ROUTES)
        cards = len(line["cards"].split(", ")) if line["cards"] else ""
        lines.append((line["equation"], line["strongest"], str(line["draws"]), str(total), str(cards), line["dims"]))
    screen.table(("equation", "strongest route", ">draws", ">rows", ">cards drawn", "d"), lines)


def _verdict(holds: bool) -> Text:
    return Text("holds", "green") if holds else Text("falls short", "bold red")
