"""``nnqft action``: the action that a network has, on points."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nnqft_ppl.cli.options import CardArgument, JsonOption, SetOption, TheoryOption, number, theory
from nnqft_ppl.cli.screen import answering
from nnqft_ppl.runtime.files import check_file, check_readable, check_writable, write_atomically
from nnqft_ppl.runtime.progress import say

NUMBERS = ("coupling", "leading", "exact")
SETTLED = 0.5  # of the largest g4 to first order, what the next order may change


def action(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    points: Annotated[Path | None, typer.Option(help="CSV of up to 8 points with columns x0, x1, ...")] = None,
    powers: Annotated[int, typer.Option(help="Powers of 1/N that the couplings have: 0, 1 or 2.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Table of all couplings, .parquet or .csv.")] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG picture: the couplings, and how local they are.")] = None,
    as_json: JsonOption = False,
) -> None:
    """What action does this network have? The couplings of S = -log P[phi] on points, order by order in 1/N.

    S = sum g2 phi phi + sum g4 phi^4 + sum g6 phi^6 + ..., from exact connected correlators (arXiv:2307.03223). Without
    `--points`: four in a row. On one or two points the exact couplings stand beside them.

    Example: `nnqft action cos_net --set width=100 --plot action.png --out action.parquet`
    """
    with answering("action", as_json) as screen:
        check_file(plot, ".png")
        check_readable(points, "points")
        if out is not None:
            check_writable(out)
        net = theory(card, settings, file)
        from nnqft_ppl.reports.actions import action as compute
        from nnqft_ppl.reports.actions import locality, plot_action
        from nnqft_ppl.reports.points import read_configurations

        table = compute(net, None if points is None else read_configurations(points, 1)[:, 0], powers=powers)
        size: Any = table["coupling"].abs() * table["ways"]
        largest: Any = table.loc[size.sort_values(ascending=False).index]
        rows = [
            (
                str(n),
                row.points,
                f"{row.extent:.4g}",
                *(number(v, ".8g") for v in (row.coupling, row.leading, row.exact)),
            )
            for n in (2, 4, 6)
            for row in largest[largest["order"] == n].head(6).itertuples()
        ]
        screen.table((">n", "points", ">extent", *(f">{name}" for name in NUMBERS)), rows)
        screen.say(f"the largest of {len(table)} couplings; all with --out action.parquet")
        four: Any = table[table["order"] == 4]
        second = float((four["coupling"] - four["leading"]).abs().max() / four["leading"].abs().max())
        if powers == 2 and second > SETTLED:
            say(f"note: 1/N is not small on these points: its second power changes g4 by {second:.2g} of the largest")
        local: Any = locality(table).query("extent == 0").set_index("order")["share"]
        screen.say("at one point: " + ", ".join(f"{local[n]:.1%} of all |g{n}|" for n in (2, 4, 6)))
        screen.give(theory=repr(net), couplings=table, local={n: float(local[n]) for n in (2, 4, 6)})
        if out is not None:
            from nnqft_ppl.reports.tables import write_table

            write_table(table, out, "action")
            screen.wrote(out)
        if plot is not None:
            write_atomically(plot, lambda path: plot_action(table, path))
            screen.wrote(plot)
