"""``nnqft action``: the action that a network has, on points."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from nnqft_ppl.cli.options import CardArgument, SetOption, TheoryOption, clear_errors, console, number, theory

SETTLED = 0.5  # of the largest g4 to first order, what the next order may change


def action(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    points: Annotated[Path | None, typer.Option(help="CSV of up to 8 points with columns x0, x1, ...")] = None,
    powers: Annotated[int, typer.Option(help="Powers of 1/N that the couplings have: 0, 1 or 2.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Table of all couplings, .parquet or .csv.")] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG picture: the couplings, and how local they are.")] = None,
) -> None:
    """What action does this network have? The couplings of S = -log P[phi] on points, order by order in 1/N.

    S = sum g2 phi phi + sum g4 phi^4 + sum g6 phi^6 + ..., from exact connected correlators (arXiv:2307.03223). Without
    `--points`: four in a row. On one or two points the exact couplings stand beside them.

    Example: `nnqft action cos_net --set width=100 --plot action.png --out action.parquet`
    """
    with clear_errors():
        from nnqft_ppl.reports.tables import check_writable, write_table
        from nnqft_ppl.runtime.files import check_file, write_atomically

        check_file(plot, ".png")
        if out is not None:
            check_writable(out)
        net = theory(card, settings, file)
        from nnqft_ppl.reports.actions import action as compute
        from nnqft_ppl.reports.actions import locality, plot_action
        from nnqft_ppl.reports.points import read_configurations

        table = compute(net, None if points is None else read_configurations(points, 1)[:, 0], powers=powers)
        view = Table("n", "points", box=None, pad_edge=False)
        for name in ("extent", "coupling", "leading", "exact"):
            view.add_column(name, justify="right", no_wrap=True)
        size: Any = table["coupling"].abs() * table["ways"]
        rows: Any = table.loc[size.sort_values(ascending=False).index]
        for n in (2, 4, 6):
            for row in rows[rows["order"] == n].head(6).itertuples():
                numbers = (row.coupling, row.leading, row.exact)
                view.add_row(str(n), row.points, f"{row.extent:.4g}", *(number(value, ".8g") for value in numbers))
        view.caption = f"the largest of {len(table)} couplings; all with --out action.parquet"
        console().print(view)
        four: Any = table[table["order"] == 4]
        second = float((four["coupling"] - four["leading"]).abs().max() / four["leading"].abs().max())
        if powers == 2 and second > SETTLED:
            typer.echo(
                f"note: 1/N is not small on these points: its second power changes g4 by {second:.2g} of the largest",
                err=True,
            )
        local = locality(table).query("extent == 0").set_index("order")["share"]
        typer.echo("at one point: " + ", ".join(f"{local[n]:.1%} of all |g{n}|" for n in (2, 4, 6)))
        if out is not None:
            write_table(table, out, "action")
            typer.echo(f"wrote {out} ({len(table)} rows)")
        if plot is not None:
            write_atomically(plot, lambda path: plot_action(table, path))
            typer.echo(f"wrote {plot}")
