"""``nnqft interact``: a theory with an interaction in a box, over several widths and at N = infinity."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnqft_ppl.cli.correlators import PointsOption, integers
from nnqft_ppl.cli.options import (
    CardArgument,
    JsonOption,
    SeedOption,
    SetOption,
    TheoryOption,
    any_theory,
    check_least,
    number,
)
from nnqft_ppl.cli.screen import Screen, answering
from nnqft_ppl.runtime.files import check_readable, check_writable

if TYPE_CHECKING:
    import pandas as pd


def interact(
    card: CardArgument = None,
    settings: SetOption = None,
    file: TheoryOption = None,
    potential: Annotated[str, typer.Option(help="V(phi): '0.1*phi^4', 'cos(phi)', ...")] = "0.1*phi^4",
    box: Annotated[float, typer.Option(help="Side L of the box [-L/2, L/2]^d where the interaction acts.")] = 4.0,
    nodes: Annotated[int, typer.Option(help="Midpoints along each axis of the box.")] = 12,
    wick: Annotated[bool, typer.Option("--wick", help="Normal order: :V: in place of V.")] = False,
    widths: Annotated[str, typer.Option(help="Widths N, separated by commas.")] = "6,20,200",
    points: PointsOption = None,
    draws: Annotated[int, typer.Option(help="Draws at each width and at N = infinity.")] = 100_000,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option(help="Table, .parquet or .csv; the points go beside it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """A theory with the action int V(phi) in a box: correlators and masses over widths, beside N = infinity.

    By networks with weights exp(-S); at N = infinity by the reweighted Gaussian process, by perturbation theory to
    second order where V is a polynomial, and where the theory on the line is a particle in a harmonic well, by its
    oscillator. z is the distance from N = infinity in standard errors.

    Example: `nnqft interact cauchy --potential "0.5*phi^4" --nodes 24`

    Example: `nnqft interact alpha_scalar --set dim=2 --set cutoff=5 --potential "phi^4" --wick --out phi4.parquet`
    """
    with answering("interact", as_json) as screen:
        check_readable(points, "points")
        check_least("nodes", nodes, 1)
        check_least("draws", draws, 1000)
        counts = integers("widths", widths)
        beside = None if out is None else check_writable(out).with_suffix(f".points{out.suffix}")
        model = any_theory(card, settings, file)
        from nnqft_ppl.interacting.boxes import box as box_of
        from nnqft_ppl.reports.interactions import default_configurations
        from nnqft_ppl.reports.interactions import interact as compute
        from nnqft_ppl.reports.points import read_configurations
        from nnqft_ppl.theory.conditioned import conditioned

        dim = conditioned(model).net.dim
        place = box_of(dim, box, nodes)
        x = default_configurations(place) if points is None else read_configurations(points, 2)
        table = compute(
            model,
            potential,
            side=box,
            nodes=nodes,
            normal_order=wick,
            widths=counts,
            configurations=x,
            draws=draws,
            seed=seed,
            progress=True,
        )
        from nnqft_ppl.reports.points import configurations_table

        places = configurations_table(x)
        screen.give(theory=repr(conditioned(model).net), interactions=table, points=places)
        if out is None or beside is None:
            _print(screen, table)
            return
        from nnqft_ppl.reports.tables import write_table

        write_table(table, out, "interactions")
        places.attrs = table.attrs
        write_table(places, beside, "configurations")
        screen.wrote(out, beside)


def _print(screen: Screen, table: "pd.DataFrame") -> None:
    ordered = table.sort_values(["kind", "order", "configuration", "distance"], kind="stable")
    found: Any = ordered.itertuples()
    rows = [
        (
            str(row.width).replace("<NA>", "∞"),
            row.kind,
            str(row.order),
            str(row.configuration).replace("<NA>", ""),
            number(row.distance, ".3g"),
            row.estimator,
            f"{row.estimate:.6g}",
            f"{row.mcse:.2g}" if row.mcse else "",
            number(row.ess, ".0f"),
            number(row.z, "+.2f"),
        )
        for row in found
    ]
    screen.say(f"V = {table['potential'].iloc[0]}")
    heads = (">N", "kind", ">n", ">config", ">distance", "by", ">estimate", ">mcse", ">ess", ">z")
    screen.table(heads, rows)
